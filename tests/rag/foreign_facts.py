"""Small original facts in several languages, each with a question that only it answers."""

FACTS: dict[str, list[tuple[str, str]]] = {
    "german": [
        (
            "Der Antrag auf Elternzeit ist acht Wochen vorher zu stellen.",
            "Wann beantrage ich Elternzeiten?",
        ),
        ("Hunde reisen auf allen Fähren kostenlos.", "Was kostet die Reise mit einem Hund?"),
        (
            "Krankmeldungen gehen vor neun Uhr an den Schichtleiter.",
            "An wen richte ich eine Krankmeldung?",
        ),
        ("Der Reiher befördert 120 Fahrgäste.", "Wie viele Fahrgäste kann der Reiher befördern?"),
        (
            "Verlorene Schirme werden sechzig Tage aufbewahrt.",
            "Wie lange wird ein Schirm aufbewahrt, den ich verloren habe?",
        ),
        ("Die Straße zum Hafen ist im Winter gesperrt.", "Wann sind Strassen zum Hafen gesperrt?"),
        (
            "Für Dienstreisen mit dem Auto gibt es 40 Cent je Kilometer.",
            "Wie viel Geld gibt es für eine Dienstreise im Auto?",
        ),
        (
            "Passwörter haben mindestens vierzehn Zeichen.",
            "Wie viele Zeichen braucht ein Passwort?",
        ),
        ("Feuerübungen finden jede Woche statt.", "Wie oft findet eine Feuerübung statt?"),
        (
            "Neue Kollegen bekommen am ersten Tag einen Ausweis.",
            "Wann bekommt ein neuer Kollege seinen Ausweis?",
        ),
    ],
    "french": [
        (
            "La demande de congé parental se fait huit semaines avant.",
            "Quand faut-il demander des congés parentaux ?",
        ),
        (
            "Les chiens voyagent gratuitement sur tous les bateaux.",
            "Combien coûte le voyage d'un chien ?",
        ),
        (
            "Le certificat du médecin est exigé dès le quatrième jour.",
            "Quand exige-t-on un certificat de medecin ?",
        ),
        (
            "Le Héron transporte 120 passagers.",
            "Combien de passagers le heron peut-il transporter ?",
        ),
        (
            "Les parapluies perdus sont gardés soixante jours.",
            "Combien de temps garde-t-on un parapluie perdu ?",
        ),
        ("La route du port est fermée en hiver.", "Quand ferme-t-on les routes du port ?"),
        (
            "Chaque kilomètre en voiture est remboursé quarante centimes.",
            "Combien rembourse-t-on par kilomètre parcouru en voiture ?",
        ),
        (
            "Un mot de passe compte au moins quatorze caractères.",
            "Quelle est la longueur des mots de passe ?",
        ),
        (
            "L'exercice d'incendie a lieu toutes les semaines.",
            "À quel rythme fait-on des exercices d'incendie ?",
        ),
        (
            "Les nouveaux employés reçoivent un badge le premier jour.",
            "Quand un nouvel employé reçoit-il son badge ?",
        ),
    ],
    "russian": [
        (
            "Заявление на отпуск по уходу за ребёнком подают за восемь недель.",
            "Когда подавать заявления на отпуска по уходу за ребенком?",
        ),
        ("Собаки ездят на всех паромах бесплатно.", "Сколько стоит проезд собаки на пароме?"),
        ("Справка врача нужна после третьего дня болезни.", "Когда нужны справки от врачей?"),
        ("Паром «Цапля» перевозит 120 пассажиров.", "Сколько пассажиров перевозит «Цапля»?"),
        ("Потерянные зонты хранятся шестьдесят дней.", "Сколько хранится потерянный зонт?"),
        ("Дорога в порт зимой закрыта.", "Когда закрывают дороги в порт?"),
        (
            "Километр на машине стоит сорок центов.",
            "Сколько стоят километры на своей машине?",
        ),
        (
            "Пароль состоит не менее чем из четырнадцати знаков.",
            "Сколько знаков должно быть в паролях?",
        ),
        ("Пожарные учения проводятся каждую неделю.", "Как часто проводят пожарное учение?"),
        (
            "Новые сотрудники получают пропуск в первый день.",
            "Когда новый сотрудник получит пропуска?",
        ),
    ],
    "chinese": [
        ("育儿假须提前八周申请。", "什么时候申请育儿假？"),
        ("狗可以免费乘坐所有渡船。", "带狗乘船要多少钱？"),
        ("病假从第四天起需要医生证明。", "请病假要医生的证明吗？"),
        ("苍鹭号可载一百二十名乘客。", "苍鹭号能载多少乘客？"),
        ("遗失的雨伞保存六十天。", "雨伞丢了会保存多久？"),
        ("通往港口的道路冬季关闭。", "港口的路什么时候关闭？"),
        ("自驾出差每公里补贴四十分。", "开车出差每公里补多少？"),
        ("密码至少十四个字符。", "密码要几个字符？"),
        ("消防演习每周举行一次。", "多久举行一次消防演习？"),
        ("新员工第一天领取工作证。", "新来的员工哪天领工作证？"),
    ],
    "japanese": [
        ("育児休暇は八週間前までに申請してください。", "育児休暇の申請はいつまでですか？"),
        ("犬はすべてのフェリーに無料で乗れます。", "犬をフェリーに乗せる料金は？"),
        ("病気休暇は四日目から診断書が必要です。", "診断書はいつから必要ですか？"),
        ("アオサギ号の定員は百二十名です。", "アオサギ号には何名乗れますか？"),
        ("忘れ物の傘は六十日間保管されます。", "傘を忘れたら何日保管してもらえますか？"),
        ("港への道路は冬に閉鎖されます。", "港の道路が閉鎖されるのはいつ？"),
        (
            "車での出張は一キロにつき四十セント支給されます。",
            "出張で車を使うと、いくら支給されますか？",
        ),
        ("パスワードは十四文字以上にします。", "パスワードは何文字必要ですか？"),
        ("消防訓練は毎週行います。", "消防の訓練はどのくらい行いますか？"),
        ("新入社員は初日に社員証を受け取ります。", "社員証はいつ受け取れますか？"),
    ],
    "korean": [
        ("육아휴직은 팔 주 전에 신청해야 합니다.", "육아휴직 신청은 언제 하나요?"),
        ("개는 모든 배에 무료로 탈 수 있습니다.", "개를 배에 태우는 요금은?"),
        ("병가는 사흘이 지나면 진단서가 필요합니다.", "진단서는 언제 필요한가요?"),
        ("왜가리호의 정원은 백이십 명입니다.", "왜가리호는 정원이 얼마입니까?"),
        ("잃어버린 우산은 육십 일 동안 보관합니다.", "우산을 잃어버리면 며칠 보관하나요?"),
        ("항구로 가는 도로는 겨울에 폐쇄됩니다.", "항구 도로를 폐쇄하는 때는?"),
        ("비밀번호는 열네 글자 이상이어야 합니다.", "비밀번호가 몇 글자인가요?"),
        ("소방 훈련은 매주 실시합니다.", "소방훈련을 얼마나 자주 실시합니까?"),
    ],
    "thai": [
        ("การลาเลี้ยงดูบุตรต้องยื่นล่วงหน้าแปดสัปดาห์", "ต้องยื่นลาเลี้ยงดูบุตรเมื่อไหร่"),
        ("สุนัขขึ้นเรือทุกลำได้ฟรี", "พาสุนัขขึ้นเรือเสียเงินไหม"),
        ("การลาป่วยต้องมีใบรับรองแพทย์ตั้งแต่วันที่สี่", "ใบรับรองแพทย์ใช้เมื่อไหร่"),
        ("ร่มที่หายเก็บไว้หกสิบวัน", "ร่มหายเก็บกี่วัน"),
        ("ถนนไปท่าเรือปิดในฤดูหนาว", "ถนนปิดเมื่อไหร่"),
        ("รหัสผ่านมีอย่างน้อยสิบสี่ตัวอักษร", "รหัสผ่านต้องมีกี่ตัวอักษร"),
        ("การซ้อมดับเพลิงจัดทุกสัปดาห์", "ซ้อมดับเพลิงจัดบ่อยแค่ไหน"),
    ],
}
