"""The words of Little World: who there is, what verbs become, and the stories that are told.

How a sentence is written here (``little_world_grammar`` reads it; a space parts the tokens):
    WHO             the persons of the story, by name or by pronoun; before them there may be a word of order or a time
    {go}            a verb that agrees with them: go, goes, went
    [are] <are>       a verb that agrees with the thing, or with one of anything: is, are, was, were
    HIM HIS         them again, as in "helps him", "in his room"
    A ITEM THEM     what the story is about, its article and its pronoun: "a coin" … "it", "some coins" … "them"
    FRIEND FHE FHIM the person who is met, and the pronouns for them
    NOW             yesterday, or today in the present
    long|green      one of these, each as likely
"""

from __future__ import annotations

from dataclasses import dataclass

FEMALE = ("anna", "emma", "mary", "lucy", "nina", "sara", "julia", "clara", "ella", "laura", "helen", "alice")
MALE = ("tom", "paul", "peter", "john", "david", "felix", "oscar", "henry", "simon", "martin", "jacob", "leo")

PRONOUNS = (("she", "her", "her"), ("he", "him", "his"), ("they", "them", "their"))  # of one woman, one man, several

VERBS = {  # present of several, present of one, past of one, past of several where it differs
    verb.split()[0]: tuple(verb.split())
    for verb in (
        "are is was were",
        "ask asks asked",
        "bring brings brought",
        "build builds built",
        "buy buys bought",
        "call calls called",
        "carry carries carried",
        "catch catches caught",
        "change changes changed",
        "check checks checked",
        "clean cleans cleaned",
        "climb climbs climbed",
        "close closes closed",
        "copy copies copied",
        "count counts counted",
        "cut cuts cut",
        "dig digs dug",
        "draw draws drew",
        "drive drives drove",
        "drop drops dropped",
        "eat eats ate",
        "feed feeds fed",
        "fill fills filled",
        "find finds found",
        "fish fishes fished",
        "fix fixes fixed",
        "fold folds folded",
        "get gets got",
        "give gives gave",
        "go goes went",
        "grow grows grew",
        "hear hears heard",
        "help helps helped",
        "hide hides hid",
        "hit hits hit",
        "hold holds held",
        "leave leaves left",
        "like likes liked",
        "lose loses lost",
        "mark marks marked",
        "meet meets met",
        "move moves moved",
        "open opens opened",
        "pack packs packed",
        "paint paints painted",
        "pay pays paid",
        "pick picks picked",
        "plan plans planned",
        "plant plants planted",
        "play plays played",
        "print prints printed",
        "pull pulls pulled",
        "push pushes pushed",
        "put puts put",
        "read reads read",
        "rest rests rested",
        "run runs ran",
        "save saves saved",
        "see sees saw",
        "sell sells sold",
        "send sends sent",
        "share shares shared",
        "show shows showed",
        "sit sits sat",
        "sleep sleeps slept",
        "start starts started",
        "stop stops stopped",
        "sweep sweeps swept",
        "swim swims swam",
        "swing swings swung",
        "take takes took",
        "test tests tested",
        "thank thanks thanked",
        "throw throws threw",
        "touch touches touched",
        "turn turns turned",
        "use uses used",
        "wait waits waited",
        "wake wakes woke",
        "walk walks walked",
        "want wants wanted",
        "wash washes washed",
        "watch watches watched",
        "water waters watered",
        "wear wears wore",
        "win wins won",
        "work works worked",
        "write writes wrote",
    )
}


@dataclass(frozen=True)
class Story:
    """One topic: where it is set, what it can be about, and what happens in it, in order.

    ``items`` are (one, several). Each event is told by one of its sentences.
    """

    place: str
    items: tuple[tuple[str, str], ...]
    events: tuple[tuple[str, ...], ...]


PYTHON_IN_THE_ZOO = Story(
    place="zoo",
    items=(("lion", "lions"), ("monkey", "monkeys")),
    events=(
        ("WHO {go}|{run}|{drive} to the zoo .",),
        ("WHO {see}|{hear}|{like} the python .", "the python <are> long|green|asleep ."),
        ("WHO {find}|{see} A ITEM by the gate|cage .",),
        ("the ITEM [are] wild|hungry|funny .",),
        ("WHO {feed}|{draw}|{call} the ITEM .",),
        ("WHO {watch}|{like} THEM with the python .",),
        ("WHO {leave} the zoo with a map|smile .",),
    ),
)
PYTHON_ON_THE_SCREEN = Story(
    place="desk",
    items=(("game", "games"), ("program", "programs")),
    events=(
        ("WHO {start}|{open} python on the computer|laptop .",),
        ("WHO {read}|{like} the python code .", "python <are> easy|new|fast ."),
        ("WHO {write}|{find} A ITEM in python .",),
        ("the ITEM [are] broken|slow|short .",),
        ("WHO {fix}|{test}|{change} the ITEM .",),
        ("WHO {play}|{share} THEM on the screen .",),
        ("WHO {save}|{print} the code and {stop}|{rest} .",),
    ),
)
BANK_OF_THE_RIVER = Story(
    place="river",
    items=(("boat", "boats"), ("log", "logs")),
    events=(
        ("WHO {walk}|{run}|{drive} to the bank .",),
        ("WHO {sit}|{rest} by the river .", "the bank <are> wet|steep|green ."),
        ("WHO {see}|{find} A ITEM in the water|mud .",),
        ("the ITEM [are] wet|old|wooden .",),
        ("WHO {pull}|{push}|{carry} the ITEM .",),
        ("WHO {wash}|{leave} THEM on the bank .",),
        ("WHO {swim}|{fish} in the river .",),
    ),
)
BANK_IN_TOWN = Story(
    place="counter",
    items=(("coin", "coins"), ("note", "notes")),
    events=(
        ("WHO {walk}|{run}|{drive} to the bank .",),
        ("WHO {wait}|{sit} in the bank .", "the bank <are> open|busy|full ."),
        ("WHO {get}|{take} A ITEM from the clerk|safe .",),
        ("the ITEM [are] shiny|real|old .",),
        ("WHO {count}|{check}|{change} the ITEM .",),
        ("WHO {put}|{hide} THEM in the safe .",),
        ("WHO {pay}|{send} the bill with cash|money .",),
    ),
)
BAT_IN_THE_CAVE = Story(
    place="cave",
    items=(("lamp", "lamps"), ("rope", "ropes")),
    events=(
        ("WHO {climb}|{walk} into the cave .",),
        ("WHO {hear}|{see}|{watch} the bat .", "the cave <are> dark|deep|cold ."),
        ("WHO {bring}|{find} A ITEM in the dark .",),
        ("the ITEM [are] strong|heavy|old .",),
        ("WHO {hold}|{carry}|{drop} the ITEM .",),
        ("WHO {hide}|{leave} THEM behind a rock|stone .",),
        ("WHO {leave}|{draw} the bat in the cave .",),
    ),
)
BAT_AND_BALL = Story(
    place="field",
    items=(("ball", "balls"), ("glove", "gloves")),
    events=(
        ("WHO {run}|{go} to the field .",),
        ("WHO {swing}|{take}|{like} the bat .", "the bat <are> wooden|heavy|new ."),
        ("WHO {bring}|{get} A ITEM for the team|match .",),
        ("the ITEM [are] soft|dirty|round .",),
        ("WHO {catch}|{drop}|{throw} the ITEM .",),
        ("WHO {hit}|{touch} THEM with the bat .",),
        ("WHO {win}|{lose} the match .",),
    ),
)
MOUSE_IN_THE_KITCHEN = Story(
    place="kitchen",
    items=(("trap", "traps"), ("box", "boxes")),
    events=(
        ("WHO {hear}|{see} a mouse in the kitchen .",),
        ("the mouse <are> tiny|hungry|grey .", "the mouse <eat>|<find>|<like> the cheese ."),
        ("WHO {put}|{hide} A ITEM under the table|stove .",),
        ("the ITEM [are] empty|small|ready .",),
        ("WHO {move}|{fill}|{watch} the ITEM .",),
        ("WHO {catch}|{feed} the mouse with THEM .",),
        ("WHO {clean}|{wash} the kitchen floor .",),
    ),
)
MOUSE_ON_THE_DESK = Story(
    place="office",
    items=(("letter", "letters"), ("picture", "pictures")),
    events=(
        ("WHO {start}|{open} the computer at work .",),
        ("WHO {move}|{touch}|{clean} the mouse .", "the mouse <are> new|slow|broken ."),
        ("WHO {get}|{find} A ITEM on the screen .",),
        ("the ITEM [are] long|secret|private .",),
        ("WHO {open}|{print}|{copy} the ITEM .",),
        ("WHO {move}|{mark} THEM with the mouse .",),
        ("WHO {call}|{thank} the boss at the office .",),
    ),
)
APPLE_ON_THE_TREE = Story(
    place="tree",
    items=(("basket", "baskets"), ("ladder", "ladders")),
    events=(
        ("WHO {want}|{see} an apple from the tree .",),
        ("the apple <are> red|sweet|ripe .", "the tree <are> high|green|old ."),
        ("WHO {bring}|{carry} A ITEM to the tree .",),
        ("the ITEM [are] empty|wooden|light .",),
        ("WHO {move}|{hold}|{use} the ITEM .",),
        ("WHO {pick}|{catch} an apple with THEM .",),
        ("WHO {eat}|{cut}|{wash} the apple .",),
    ),
)
APPLE_IN_THE_CITY = Story(
    place="store",
    items=(("phone", "phones"), ("radio", "radios")),
    events=(
        ("WHO {work}|{wait} for apple in the city .",),
        ("WHO {call}|{like}|{thank} apple .", "apple <are> rich|big|famous ."),
        ("WHO {build}|{plan} A ITEM for apple .",),
        ("the ITEM [are] smart|thin|ready .",),
        ("WHO {test}|{use}|{check} the ITEM .",),
        ("WHO {sell}|{share} THEM in the store .",),
        ("WHO {leave} apple with a job|prize .",),
    ),
)
GARDEN = Story(
    place="garden",
    items=(("rose", "roses"), ("bean", "beans")),
    events=(
        ("WHO {buy}|{want} seeds for the garden .",),
        ("WHO {clean}|{dig}|{water} the soil .", "the soil <are> dry|dark|ready ."),
        ("WHO {plant}|{grow} A ITEM in the soil|sun .",),
        ("the ITEM [are] green|small|pretty .",),
        ("WHO {water}|{turn}|{watch} the ITEM .",),
        ("WHO {cut}|{pick} THEM with a knife .",),
        ("WHO {sit}|{rest}|{play} in the garden .",),
    ),
)
HOLIDAY = Story(
    place="hotel",
    items=(("shirt", "shirts"), ("towel", "towels")),
    events=(
        ("WHO {wake}|{get} up in the hotel .",),
        ("WHO {swim}|{wash} in the sea .", "the beach <are> warm|quiet|near ."),
        ("WHO {pack}|{buy} A ITEM for the beach|trip .",),
        ("the ITEM [are] dry|blue|white .",),
        ("WHO {fold}|{wear}|{use} the ITEM .",),
        ("WHO {drop}|{wash} THEM on the beach .",),
        ("WHO {sleep}|{eat} in the hotel .",),
    ),
)
LIBRARY = Story(
    place="library",
    items=(("book", "books"), ("story", "stories")),
    events=(
        ("WHO {go}|{walk} to the library .",),
        ("WHO {ask}|{thank}|{help} the teacher .", "the library <are> quiet|warm|old ."),
        ("WHO {get}|{take} A ITEM from the shelf|teacher .",),
        ("the ITEM [are] sad|funny|famous .",),
        ("WHO {read}|{open}|{copy} the ITEM .",),
        ("WHO {close}|{put} THEM on the shelf .",),
        ("WHO {leave}|{close} the library .",),
    ),
)
WORKSHOP = Story(
    place="shop",
    items=(("chair", "chairs"), ("door", "doors")),
    events=(
        ("WHO {open} the shop with a key .",),
        ("WHO {cut}|{carry}|{check} the wood .", "the wood <are> hard|thin|brown ."),
        ("WHO {build}|{plan} A ITEM of wood|glass .",),
        ("the ITEM [are] strong|high|brown .",),
        ("WHO {paint}|{fix}|{clean} the ITEM .",),
        ("WHO {sell}|{show} THEM in the shop .",),
        ("WHO {close}|{sweep} the shop .",),
    ),
)

STORIES = (
    PYTHON_IN_THE_ZOO,
    PYTHON_ON_THE_SCREEN,
    BANK_OF_THE_RIVER,
    BANK_IN_TOWN,
    BAT_IN_THE_CAVE,
    BAT_AND_BALL,
    MOUSE_IN_THE_KITCHEN,
    MOUSE_ON_THE_DESK,
    APPLE_ON_THE_TREE,
    APPLE_IN_THE_CITY,
    GARDEN,
    HOLIDAY,
    LIBRARY,
    WORKSHOP,
)

MEETING = (  # in place of the last event but one, where someone is met
    ("WHO {meet}|{see} FRIEND at the PLACE .", "WHO {show}|{give} FRIEND the ITEM ."),
    ("FHE <like>|<take> the ITEM .", "FHE <thank>|<help> HIM with the ITEM ."),
)

OPTIONAL = {1: 0.5, 3: 0.5, 5: 0.5}  # the events that may be left out, and how often they are told

# What may stand before WHO, by event: each as likely as the other, in OPENED of the sentences.
OPENED = 0.5
OPENERS = (
    ("NOW", "at dawn"),
    ("first", "at nine"),
    ("then", "at noon"),
    (),
    ("next", "at three"),
    ("later", "at six"),
    ("at last", "at night"),
)
NAMED = 0.35  # of the sentences after the first say the persons' names instead of a pronoun
