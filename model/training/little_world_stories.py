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

FEMALE = ("anna", "emma", "mary", "lucy", "nina", "sara", "julia", "clara")
MALE = ("tom", "paul", "peter", "john", "david", "felix", "oscar", "henry")

PRONOUNS = (("she", "her", "her"), ("he", "him", "his"), ("they", "them", "their"))  # of one woman, one man, several

VERBS = {  # present of several, present of one, past of one, past of several where it differs
    verb.split()[0]: tuple(verb.split())
    for verb in (
        "are is was were",
        "bring brings brought",
        "build builds built",
        "buy buys bought",
        "call calls called",
        "carry carries carried",
        "catch catches caught",
        "clean cleans cleaned",
        "climb climbs climbed",
        "count counts counted",
        "cut cuts cut",
        "drop drops dropped",
        "eat eats ate",
        "feed feeds fed",
        "fill fills filled",
        "find finds found",
        "fix fixes fixed",
        "get gets got",
        "give gives gave",
        "go goes went",
        "hear hears heard",
        "help helps helped",
        "hit hits hit",
        "hold holds held",
        "leave leaves left",
        "like likes liked",
        "lose loses lost",
        "meet meets met",
        "move moves moved",
        "open opens opened",
        "pay pays paid",
        "pick picks picked",
        "plant plants planted",
        "print prints printed",
        "pull pulls pulled",
        "put puts put",
        "read reads read",
        "rest rests rested",
        "run runs ran",
        "save saves saved",
        "see sees saw",
        "sell sells sold",
        "show shows showed",
        "sit sits sat",
        "start starts started",
        "stop stops stopped",
        "swim swims swam",
        "take takes took",
        "test tests tested",
        "thank thanks thanked",
        "use uses used",
        "wait waits waited",
        "walk walks walked",
        "wash washes washed",
        "water waters watered",
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
        ("WHO {go}|{run} to the zoo .",),
        ("WHO {see}|{like} the python .", "the python <are> long|green ."),
        ("WHO {find}|{see} A ITEM by the gate .",),
        ("the ITEM [are] wild|small .",),
        ("WHO {feed}|{hold} the ITEM .",),
        ("WHO {bring}|{show} THEM some fruit .",),
        ("WHO {leave} the zoo with a map|smile .",),
    ),
)
PYTHON_ON_THE_SCREEN = Story(
    place="computer",
    items=(("game", "games"), ("program", "programs")),
    events=(
        ("WHO {start}|{open} python on the computer .",),
        ("WHO {read}|{like} the python code .", "python <are> new|fast ."),
        ("WHO {write}|{find} A ITEM in python .",),
        ("the ITEM [are] slow|short .",),
        ("WHO {fix}|{test} the ITEM .",),
        ("WHO {open}|{use} THEM on the screen .",),
        ("WHO {save} the code and {stop}|{rest} .",),
    ),
)
BANK_OF_THE_RIVER = Story(
    place="river",
    items=(("boat", "boats"), ("log", "logs")),
    events=(
        ("WHO {walk}|{run} to the bank .",),
        ("WHO {sit}|{rest} by the river .", "the bank <are> wet|green ."),
        ("WHO {see}|{find} A ITEM in the water .",),
        ("the ITEM [are] wet|old .",),
        ("WHO {pull}|{carry} the ITEM .",),
        ("WHO {leave}|{hold} THEM by the bank .",),
        ("WHO {swim} in the river|water .",),
    ),
)
BANK_IN_TOWN = Story(
    place="safe",
    items=(("coin", "coins"), ("note", "notes")),
    events=(
        ("WHO {walk}|{run} to the bank .",),
        ("WHO {sit}|{wait} in the bank .", "the bank <are> open|full ."),
        ("WHO {get}|{take} A ITEM from the clerk .",),
        ("the ITEM [are] old|new .",),
        ("WHO {count}|{test} the ITEM .",),
        ("WHO {put}|{hold} THEM in the safe .",),
        ("WHO {pay} the clerk with cash|money .",),
    ),
)
BAT_IN_THE_CAVE = Story(
    place="cave",
    items=(("lamp", "lamps"), ("rope", "ropes")),
    events=(
        ("WHO {climb}|{walk} into the cave .",),
        ("WHO {hear}|{see} the bat .", "the cave <are> dark|deep ."),
        ("WHO {bring}|{find} A ITEM in the cave .",),
        ("the ITEM [are] strong|old .",),
        ("WHO {hold}|{use} the ITEM .",),
        ("WHO {leave}|{put} THEM behind a rock .",),
        ("WHO {leave} the bat in the cave|dark .",),
    ),
)
BAT_AND_BALL = Story(
    place="field",
    items=(("ball", "balls"), ("glove", "gloves")),
    events=(
        ("WHO {run}|{go} to the field .",),
        ("WHO {hold}|{like} the bat .", "the bat <are> strong|new ."),
        ("WHO {bring}|{get} A ITEM for the team .",),
        ("the ITEM [are] soft|round .",),
        ("WHO {catch}|{drop} the ITEM .",),
        ("WHO {hit}|{test} THEM with the bat .",),
        ("WHO {win}|{lose} the match .",),
    ),
)
MOUSE_IN_THE_KITCHEN = Story(
    place="table",
    items=(("trap", "traps"), ("box", "boxes")),
    events=(
        ("WHO {hear}|{see} a mouse in the kitchen .",),
        ("the mouse <like>|<find> the cheese .", "the mouse <are> small|fast ."),
        ("WHO {put}|{open} A ITEM under the table .",),
        ("the ITEM [are] empty|ready .",),
        ("WHO {fill}|{move} the ITEM .",),
        ("WHO {catch} the mouse with THEM|cheese .",),
        ("WHO {clean}|{wash} the kitchen .",),
    ),
)
MOUSE_ON_THE_DESK = Story(
    place="office",
    items=(("letter", "letters"), ("picture", "pictures")),
    events=(
        ("WHO {start}|{open} the computer in the office .",),
        ("WHO {move}|{clean} the mouse .", "the mouse <are> slow|new ."),
        ("WHO {get}|{find} A ITEM on the screen .",),
        ("the ITEM [are] long|short .",),
        ("WHO {save}|{print} the ITEM .",),
        ("WHO {move}|{open} THEM with the mouse .",),
        ("WHO {call}|{thank} the boss .",),
    ),
)
APPLE_ON_THE_TREE = Story(
    place="tree",
    items=(("basket", "baskets"), ("ladder", "ladders")),
    events=(
        ("WHO {see}|{find} an apple in the tree .",),
        ("the tree <are> old|green .", "the apple <are> red|sweet ."),
        ("WHO {bring}|{carry} A ITEM to the tree .",),
        ("the ITEM [are] strong|light .",),
        ("WHO {move}|{use} the ITEM .",),
        ("WHO {pick}|{catch} an apple with THEM .",),
        ("WHO {eat}|{wash} the apple .",),
    ),
)
APPLE_IN_THE_CITY = Story(
    place="store",
    items=(("phone", "phones"), ("radio", "radios")),
    events=(
        ("WHO {work} for apple in the city .",),
        ("WHO {call}|{like} apple .", "apple <are> rich|big ."),
        ("WHO {build}|{get} A ITEM for apple .",),
        ("the ITEM [are] light|ready .",),
        ("WHO {test}|{use} the ITEM .",),
        ("WHO {sell}|{show} THEM in the store .",),
        ("WHO {leave} apple with a job|smile .",),
    ),
)
GARDEN = Story(
    place="garden",
    items=(("rose", "roses"), ("bean", "beans")),
    events=(
        ("WHO {buy}|{bring} seeds for the garden .",),
        ("WHO {clean}|{water} the soil .", "the soil <are> dry|dark ."),
        ("WHO {plant}|{put} A ITEM in the soil .",),
        ("the ITEM [are] small|green .",),
        ("WHO {water}|{move} the ITEM .",),
        ("WHO {cut}|{pick} THEM with a knife .",),
        ("WHO {sit}|{rest} in the garden .",),
    ),
)
LIBRARY = Story(
    place="library",
    items=(("book", "books"), ("story", "stories")),
    events=(
        ("WHO {go}|{walk} to the library .",),
        ("WHO {call}|{thank} the teacher .", "the library <are> open|full ."),
        ("WHO {get}|{take} A ITEM from the shelf .",),
        ("the ITEM [are] sad|long .",),
        ("WHO {read}|{open} the ITEM .",),
        ("WHO {put}|{leave} THEM on the shelf .",),
        ("WHO {leave}|{clean} the library .",),
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
    LIBRARY,
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
