"""Words that exclude each other, by lists of opposites."""

from collections.abc import Set

_OPPOSITES = """
monday | tuesday | wednesday | thursday | friday | saturday | sunday
mondays | tuesdays | wednesdays | thursdays | fridays | saturdays | sundays
north northern northerly | south southern southerly | east eastern easterly | west western westerly
port | starboard
bow fore forward | stern aft astern
ashore shore | afloat aboard sea seagoing | mainland
summer | winter | spring | autumn
morning mornings | afternoon afternoons | evening evenings | night nights noon midnight
adult adults | child children | infant infants baby babies
passenger passengers | crew | driver drivers
full-time | part-time
employee employees | employer company
weekday weekdays | weekend weekends
daily | weekly | monthly | yearly annually annual | quarterly
more greater higher larger above over | less fewer lower smaller below under
longer bigger heavier older taller | shorter lighter younger
longest largest highest biggest greatest most | shortest smallest lowest least
heaviest oldest tallest | lightest youngest newest
increase increased increases rise rose grew up | decrease decreased fall fell drop dropped down
before prior beforehand | after afterwards following
first | last | second | third
arrival arrive arrives arriving arrived | departure depart departs departing departed leaves
open opens opened opening | closed close closes closing shut
inside indoors indoor | outside outdoors outdoor
free | paid charged
paper | electronic electronically online digital email e-mail
single | return double
internal | external
minimum least | maximum most
accept accepts accepted approve approved | reject rejects rejected refuse refused denied
win won wins | lose lost loses
buy bought purchase purchased | sell sold sells
start starts starting begin begins beginning began | end ends ending finish finishes stop stops
upper | lower
left | right
black | white | red | green | blue | yellow | orange | grey gray | brown
hot warm | cold cool
new | old
public | private
male man men | female woman women
mother mothers | father fathers
husband | wife
gain gains profit profits | loss losses
import imports | export exports
include includes included including | exclude excludes excluded excluding
with | without
allowed permitted | forbidden prohibited banned
optional voluntary | mandatory compulsory obligatory required
temporary | permanent
gross | net
written writing | oral orally spoken verbal verbally
always | never | sometimes
early earlier | late later
including included | excluding excluded except excepting
manual manually | automatic automatically
receive receives received | give gives given
remain remains kept keep keeps | remove removes removed
master captain | engineer | officer | deckhand deckhands | purser pursers
kilometre kilometres km | mile miles
cheap cheaper cheapest | expensive dear dearer dearest
fast faster fastest quick quicker | slow slower slowest
better best | worse worst
high | low
strong stronger strongest | weak weaker weakest
many | few
wide wider widest | narrow narrower narrowest
deep deeper deepest | shallow shallower
full | empty
wet | dry
rich | poor
safe | dangerous unsafe
legal legally | illegal illegally
present | absent
top | bottom
front | rear back
inner | outer
northbound | southbound | eastbound | westbound
inbound incoming | outbound outgoing
upstairs | downstairs
guest guests | host hosts
buyer buyers customer customers | seller sellers supplier suppliers
teacher teachers | student students pupil pupils
doctor doctors | patient patients | nurse nurses
landlord landlords | tenant tenants
parent parents | child children
boy boys | girl girls
son sons | daughter daughters
brother brothers | sister sisters
young | elderly retired
resident residents | visitor visitors tourist tourists
permanent | seasonal temporary
trainee trainees apprentice apprentices | instructor instructors trainer trainers
credit | debit
cash | card cards
lend lends lent | borrow borrows borrowed
own owns owned | rent rents rented lease leases leased
passed pass passes | failed fail fails
succeed succeeded success | fail failed failure
diesel | electric battery | petrol | hydrogen | steam
bus | train | taxi
breakfast | lunch | dinner
wood wooden | steel | aluminium | plastic
solid | liquid
hand | machine
agree agreed agrees | disagree disagreed disagrees
voluntarily | compulsorily
majority | minority
monday-to-friday | weekend
sunrise dawn | sunset dusk
"""
OPPOSITES: dict[str, list[tuple[int, int]]] = {}
for _row, _line in enumerate(_OPPOSITES.strip().splitlines()):
    for _side, _names in enumerate(_line.split("|")):
        for _name in _names.split():
            OPPOSITES.setdefault(_name, []).append((_row, _side))
"""For each word the lists of opposites that it stands in, and on which side."""


def find_opposites(claim: Set[str], source: Set[str]) -> list[tuple[str, str]]:
    """Words of a claim that the source lacks while it has an opposite that the claim lacks."""
    sides = {place: word for word in source for place in OPPOSITES.get(word, ())}
    own = {place for word in claim for place in OPPOSITES.get(word, ())}
    found = []
    for word in sorted(claim):
        for row, side in OPPOSITES.get(word, ()):
            others = [place for place in sides if place[0] == row and place[1] != side]
            if (row, side) not in sides and others and not own & set(others):
                found.append((word, sides[others[0]]))
    return found
