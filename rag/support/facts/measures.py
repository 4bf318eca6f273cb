"""Units and currencies: what each is called in six languages, what it measures, how much it is."""

from typing import NamedTuple


class Measure(NamedTuple):
    """A unit: the kind of thing that it measures, its size, and its name in plain English."""

    kind: str
    size: float
    name: str


_TABLE = """
time 1 minute : minute minutes min mins minuten minuto minutos minuti minuut
time 0.016666667 second : second seconds sec secs sekunde sekunden seconde secondes segundo
time 0.016666667 second : segundos secondi seconden
time 60 hour : hour hours h hr hrs stunde stunden heure heures hora horas ora ore uur uren hourly
time 1440 day : day days tag tage tagen jour jours día días dia dias giorno giorni dag dagen daily
time 1440 day : täglich kalendertage kalendertagen
time 1440 night : night nights nacht nächte nuit nuits noche noches notte notti nachten
time 1440 working day : workday workdays werktag werktage werktagen arbeitstag arbeitstage
time 1440 working day : arbeitstagen werkdagen
time 10080 week : week weeks woche wochen semaine semaines semana semanas settimana settimane
time 10080 week : weken weekly wöchentlich
time 20160 fortnight : fortnight fortnights
month 1 month : month months monat monate monaten mois mes meses mese mesi maand maanden monthly
month 12 year : year years jahr jahre jahren ans année années año años anno anni jaar jaren
month 12 year : yearly annually jährlich annual
month 3 quarter : quarterly vierteljährlich
month 120 decade : decade decades jahrzehnt
length 1 metre : m metre metres meter meters mètre mètres metro metros metri
length 0.01 centimetre : cm centimetre centimetres centimeter centimeters zentimeter centimètres
length 0.01 centimetre : centímetros centimetri
length 0.001 millimetre : mm millimetre millimetres millimeter millimeters
length 1000 kilometre : km kilometre kilometres kilometer kilometers kilomètre kilomètres
length 1000 kilometre : kilómetro kilómetros chilometro chilometri
length 1609.34 mile : mile miles meile meilen mille milla millas miglia mijl
length 1852 nautical mile : seemeilen seemeile
length 0.3048 foot : foot feet ft fuß
length 0.0254 inch : inch inches
length 0.9144 yard : yards
mass 1 kilogram : kg kilo kilos kilogram kilograms kilogramm kilogrammes kilogramos
mass 0.001 gram : g gram grams gramm gramme grammes gramos
mass 1000 tonne : t tonne tonnes ton tons tonnen toneladas tonnellate
mass 0.4536 pound : lb lbs pound pounds
volume 1 litre : l litre litres liter liters litro litros litri
volume 0.001 millilitre : ml millilitre millilitres milliliter
volume 3.785 gallon : gallon gallons
volume 0.2366 cup : cup cups
volume 0.0148 tablespoon : tablespoon tablespoons tbsp
volume 0.0049 teaspoon : teaspoon teaspoons tsp
speed 1 knot : knot knots kn knoten nœuds nudos nodi knopen
speed 0.54 kilometre per hour : km/h kph kmh
speed 0.869 mile per hour : mph
area 1 square metre : m² m2 sqm qm
area 10000 hectare : ha hectare hectares hektar
volume 1000 cubic metre : m³ m3 cbm
data 1 megabyte : mb megabyte megabytes
data 0.001 kilobyte : kb kilobyte kilobytes
data 1000 gigabyte : gb gigabyte gigabytes
data 1000000 terabyte : tb terabyte terabytes
power 1 kilowatt : kw kilowatt kilowatts
power 1000 megawatt : mw megawatt megawatts
energy 1 kilowatt-hour : kwh kilowatt-hour kilowatt-hours kilowattstunde kilowattstunden
energy 1000 megawatt-hour : mwh megawatt-hour megawatt-hours
share 0.01 per cent : % percent prozent procent
money-eur 1 euro : € eur euro euros
money-eur 0.01 cent : cent cents ct céntimos centimes centesimi
money-usd 1 dollar : $ usd dollar dollars
money-gbp 1 pound sterling : £ gbp sterling
money-chf 1 franc : chf franken francs
money-jpy 1 yen : ¥ jpy yen
money-cad 1 Canadian dollar : cad
money-nok 1 krone : nok sek dkk krone kroner kronor crown crowns
version 1 version : version
heat 1 degree : ° °c °f degree degrees grad
sound 1 decibel : decibel decibels db
"""


def _read_table() -> dict[str, Measure]:
    found: dict[str, Measure] = {}
    for line in _TABLE.strip().splitlines():
        head, _, names = line.partition(" : ")
        kind, size, name = head.split(" ", 2)
        found |= dict.fromkeys(names.split(), Measure(kind, float(size), name))
    return found


MEASURES = _read_table()
"""Every spelling of a unit, in lower case."""


def find_measure(word: str) -> Measure | None:
    """The unit that a word names, None if it names none."""
    return MEASURES.get(word.lower().rstrip("."))
