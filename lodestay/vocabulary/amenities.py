"""Amenities: a code, a group, a label and the words that mean it.

Sources spell amenities freely ("Fast wifi - 500 Mbps", "55 inch HDTV with Netflix", "Miele oven"), so
a mention is recognised by patterns, tried in the order of the table: the first that is found wins,
and "pool table" therefore stands before "pool". An amenity may imply a wider one (fast wifi: wifi).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final


class AmenityGroup(StrEnum):
    """What an amenity is about: how long lists are cut up for people."""

    ACCESSIBILITY = "accessibility"
    BATHROOM = "bathroom"
    BEDROOM_LAUNDRY = "bedroom_laundry"
    CLIMATE = "climate"
    ENTERTAINMENT = "entertainment"
    FAMILY = "family"
    FACILITIES = "facilities"
    KITCHEN = "kitchen"
    OUTDOOR = "outdoor"
    PARKING = "parking"
    SAFETY = "safety"
    SERVICES = "services"
    VIEW = "view"
    WORK = "work"


@dataclass(frozen=True, slots=True)
class Amenity:
    """Something that a listing may have.

    Attributes
    ----------
    code
        Stable name in the database, the index and the API.
    label
        Name in English.
    implies
        Code of the wider amenity that comes with it.
    """

    code: str
    group: AmenityGroup
    label: str
    implies: str | None


_A, _B, _R, _C, _E, _F, _P, _K, _O, _G, _S, _V, _W, _I = (
    AmenityGroup.ACCESSIBILITY,
    AmenityGroup.BATHROOM,
    AmenityGroup.BEDROOM_LAUNDRY,
    AmenityGroup.CLIMATE,
    AmenityGroup.ENTERTAINMENT,
    AmenityGroup.FAMILY,
    AmenityGroup.FACILITIES,
    AmenityGroup.KITCHEN,
    AmenityGroup.OUTDOOR,
    AmenityGroup.PARKING,
    AmenityGroup.SAFETY,
    AmenityGroup.SERVICES,
    AmenityGroup.WORK,
    AmenityGroup.VIEW,
)

# (code, group, label, pattern over the mention in lower case with plain quotes and dashes, implied code)
_TABLE: Final[tuple[tuple[str, AmenityGroup, str, str, str | None], ...]] = (
    # Brands and stories stand before the thing ("Kitchen Aid refrigerator"): the last word counts.
    (
        "toiletries",
        _B,
        "Toiletries",
        r"(?<!air )(shampoo|conditioner|soap)$|shower gel|body ?wash|toiletries|bath gel",
        None,
    ),
    ("refrigerator", _K, "Refrigerator", r"refrigerator$|\bfridge$|koelkast", None),
    ("oven", _K, "Oven", r"\bovens?$", None),
    ("stove", _K, "Stove", r"\bstoves?$|cook ?top$|\bhobs?$", None),
    ("sound_system", _E, "Sound system", r"sound system|bluetooth|sonos|\bspeakers?\b|stereo", None),
    # Views: "pool view" is no pool.
    ("sea_view", _I, "Sea view", r"(sea|ocean|bay|harbou?r|marina|beach) view", None),
    ("water_view", _I, "Lake, river or canal view", r"(lake|river|canal) view", None),
    ("garden_view", _I, "Garden view", r"(garden|courtyard|park|golf course|pool) view", None),
    ("nature_view", _I, "Mountain or valley view", r"(mountain|valley|vineyard|desert|resort) (or valley )?view", None),
    ("city_view", _I, "City view", r"(skyline|city|landmark) view", None),
    # Words that hold a shorter amenity's word.
    ("pool_table", _E, "Pool table", r"pool table|billiard|snooker", None),
    ("ping_pong", _E, "Table tennis", r"ping pong|table tennis", None),
    ("baby_bath", _F, "Baby bath", r"baby bath", None),
    ("high_chair", _F, "High chair", r"high ?chair|kinderstoel", None),
    ("crib", _F, "Crib", r"\bcribs?\b|pack '?n'? ?play|travel crib|\bcot\b", None),
    ("baby_monitor", _F, "Baby monitor", r"baby monitor", None),
    ("changing_table", _F, "Changing table", r"changing table", None),
    (
        "child_safety",
        _S,
        "Child safety (gates, guards, covers)",
        r"child safety|baby safety gate|stair gate|outlet cover|corner guard|fireplace guard|window guard",
        None,
    ),
    ("childrens_toys", _F, "Children's books and toys", r"children'?s (books|toys)", None),
    ("childrens_dinnerware", _F, "Children's dinnerware", r"children'?s dinnerware", None),
    ("playground", _F, "Playground or playroom", r"playground|playroom|bounce house|children'?s bikes", None),
    ("babysitter", _F, "Babysitter recommendations", r"babysitt", None),
    ("family_friendly", _F, "Family friendly", r"family/?kid|kid friendly|family friendly|child friendly", None),
    ("board_games", _E, "Board games", r"board games?", None),
    (
        "games",
        _E,
        "Games and arcade",
        (
            r"arcade|life size games|mini golf|bowling|batting cage|laser tag|climbing|tennis court|basketball|"
            r"skate ramp|hockey rink|theme room"
        ),
        None,
    ),
    ("game_console", _E, "Game console", r"game console|\bps ?[2345]\b|playstation|xbox|nintendo", None),
    ("cinema", _E, "Home cinema", r"cinema|movie theater|projector", None),
    ("books", _E, "Books", r"\bbooks\b|reading material", None),
    ("piano", _E, "Piano", r"piano", None),
    ("record_player", _E, "Record player", r"record player", None),
    # Accessibility
    ("grab_bars", _A, "Grab bars", r"grab (bars?|rails?)", None),
    ("shower_chair", _A, "Shower or bath chair", r"(shower|bath) chair", None),
    ("step_free_shower", _A, "Step-free shower", r"(step-free|roll-in|stepless) shower", None),
    ("hoist", _A, "Hoist for the bed, bath or pool", r"\bhoist", None),
    (
        "adapted_bed",
        _A,
        "Bed or toilet at an accessible height",
        r"accessible[- ]height|electric profiling bed",
        None,
    ),
    (
        "clear_space",
        _A,
        "Extra space around bed, shower or toilet",
        r"extra space around|wide clearance",
        None,
    ),
    ("wide_doorways", _A, "Wide doorways and hallways", r"wide (doorway|entry|entrance|hallway)", None),
    (
        "step_free",
        _A,
        "Step-free access",
        r"step-free|no stairs or steps|flat,?( or well-lit)?( smooth)? path|ground floor access|single level",
        None,
    ),
    ("lit_path", _A, "Well-lit path to the entrance", r"lit path", None),
    ("wheelchair", _A, "Wheelchair accessible", r"wheelchair", None),
    ("disabled_parking", _A, "Disabled parking", r"disabled parking|accessible parking", None),
    # Parking
    ("ev_charger", _G, "EV charger", r"\bev charger|electric vehicle|tesla", None),
    ("free_street_parking", _G, "Free street parking", r"free street parking|free parking on street", None),
    ("paid_parking", _G, "Paid parking", r"paid .*(parking|garage|carport|valet)|paid street", None),
    (
        "free_parking",
        _G,
        "Free parking on premises",
        r"free .*(parking|garage|carport|driveway)|^(parking|garage|carport)\b|boat parking",
        None,
    ),
    # Entertainment
    (
        "streaming",
        _E,
        "Streaming (Netflix and others)",
        r"netflix|chromecast|apple tv|amazon prime|hbo|disney\+|hulu|roku|fire tv|smart tv",
        "tv",
    ),
    ("cable_tv", _E, "Cable or satellite TV", r"cable|satellite|premium channels", "tv"),
    ("tv", _E, "TV", r"\b\w*tv\b|television", None),
    # Work
    ("pocket_wifi", _W, "Pocket wifi", r"(pocket|portable) wifi", "wifi"),
    ("fast_wifi", _W, "Fast wifi", r"fast wi-?fi|wifi - ([1-9]\d{2,}) mbps|gigabit", "wifi"),
    ("ethernet", _W, "Ethernet", r"ethernet|wired internet", "wifi"),
    ("wifi", _W, "Wifi", r"wi-?fi|wireless internet|^internet$|internet access", None),
    ("workspace", _W, "Dedicated workspace", r"work ?space|laptop|(?<!front )\bdesk\b|office", None),
    # Safety
    ("smoke_alarm", _S, "Smoke alarm", r"smoke (alarm|detector)", None),
    ("carbon_monoxide_alarm", _S, "Carbon monoxide alarm", r"carbon monoxide", None),
    ("fire_extinguisher", _S, "Fire extinguisher", r"fire extinguisher|fire blanket", None),
    ("first_aid_kit", _S, "First aid kit", r"first aid|safety card|aed\b", None),
    (
        "security_cameras",
        _S,
        "Security cameras or noise monitors",
        r"security camera|surveillance|noise (decibel )?monitor",
        None,
    ),
    ("bedroom_lock", _S, "Lock on bedroom door", r"lock on bedroom", None),
    ("safe", _S, "Safe", r"\bsafe\b", None),
    # Arrival and services
    ("smart_lock", _V, "Smart lock or keypad", r"smart ?lock|keypad", "self_check_in"),
    ("lockbox", _V, "Lockbox", r"lock ?box", "self_check_in"),
    ("self_check_in", _V, "Self check-in", r"self[ -]check-?in|24-hour check-?in", None),
    (
        "reception",
        _V,
        "Staff or doorman",
        r"doorman|doorperson|property manager|building staff|concierge|front desk|reception|host greets",
        None,
    ),
    ("intercom", _V, "Intercom", r"intercom|buzzer", None),
    ("luggage_dropoff", _V, "Luggage drop-off", r"luggage", None),
    ("long_stays", _V, "Long stays allowed", r"long([ -]term)? stays", None),
    ("housekeeping", _V, "Housekeeping", r"housekeep|cleaning (available|before)|daily cleaning|room service", None),
    ("breakfast", _V, "Breakfast", r"breakfast|ontbijt", None),
    ("pets_on_property", _V, "Pets live here", r"pets live|\b(cat|dog|other pet)\(s\)", None),
    ("pets_allowed", _V, "Pets allowed", r"pets? (are )?(allowed|welcome|friendly)|pet-friendly", None),
    ("smoking_allowed", _V, "Smoking allowed", r"^smoking", None),
    ("events", _V, "Suitable for events", r"events", None),
    ("laundromat", _V, "Laundromat nearby", r"laundromat", None),
    # Kitchen
    ("outdoor_kitchen", _K, "Outdoor kitchen", r"outdoor kitchen", None),
    ("kitchen", _K, "Kitchen", r"kitchen(?!\w)|kitchenette|cuisine", None),
    (
        "coffee_maker",
        _K,
        "Coffee maker",
        r"coffee (maker|machine)|nespresso|espresso|french press|pour-over|keurig|percolator|senseo",
        None,
    ),
    ("coffee", _K, "Coffee", r"\bcoffee\b", None),
    ("rice_cooker", _K, "Rice cooker", r"rice (maker|cooker|steamer)", None),
    ("kettle", _K, "Kettle", r"kettle", None),
    (
        "small_appliances",
        _K,
        "Blender, toaster and the like",
        r"blender|bread maker|trash compactor|toaster|mixer|air fryer",
        None,
    ),
    ("dishwasher", _K, "Dishwasher", r"dish ?washer|vaatwasser", None),
    ("microwave", _K, "Microwave", r"microwave", None),
    ("freezer", _K, "Freezer", r"freezer", None),
    ("barbecue", _O, "Barbecue", r"bbq|barbecue|\bgrill\b", None),
    ("wine_glasses", _K, "Wine glasses", r"wine glass", None),
    ("dishes", _K, "Dishes and cutlery", r"dishes|silverware|cutlery|baking sheet", None),
    ("cooking_basics", _K, "Cooking basics", r"cooking basics", None),
    ("dining_table", _K, "Dining table", r"^dining (table|area)", None),
    # Bathroom; toiletries carry brands before and after.
    ("hair_dryer", _B, "Hair dryer", r"hair ?dryer", None),
    ("bidet", _B, "Bidet", r"bidet", None),
    ("outdoor_shower", _O, "Outdoor shower", r"outdoor shower", None),
    ("hot_tub", _P, "Hot tub", r"hot tub|jacuzzi|jetted tub|whirlpool", None),
    ("bathtub", _B, "Bathtub", r"bath ?tub|soaking tub|^bath$", None),
    ("hot_water", _B, "Hot water", r"hot water", None),
    ("cleaning_products", _B, "Cleaning products", r"cleaning products", None),
    ("essentials", _B, "Essentials (towels, soap, paper)", r"^essentials|towels", None),
    ("private_bathroom", _B, "Private bathroom", r"(private|en ?suite) bathroom", None),
    # Climate
    ("ceiling_fan", _C, "Fan", r"ceiling fan|portable fan|\bfans?\b", None),
    ("fireplace", _C, "Indoor fireplace", r"indoor fireplace|fireplace", None),
    ("heating", _C, "Heating", r"heating|\bheater\b|radiator", None),
    ("air_conditioning", _C, "Air conditioning", r"air ?con|\bac\b|a/c|air-condition|climati", None),
    # Bedroom and laundry
    ("drying_rack", _R, "Drying rack", r"drying rack", None),
    ("washer", _R, "Washer", r"\bwash(er|ing machine)", None),
    ("dryer", _R, "Dryer", r"\bdryer", None),
    ("iron", _R, "Iron", r"^iron|\biron\b", None),
    ("hangers", _R, "Hangers", r"hangers", None),
    ("wardrobe", _R, "Clothing storage", r"clothing storage|wardrobe|closet|dresser", None),
    ("extra_bedding", _R, "Extra pillows and blankets", r"pillows|blankets", None),
    ("bed_linen", _R, "Bed linen", r"bed linen|bed sheets", None),
    ("blackout_shades", _R, "Blackout shades", r"darkening|blackout", None),
    ("mosquito_net", _R, "Mosquito net", r"mosquito", None),
    # Facilities
    ("sauna", _P, "Sauna", r"sauna|hammam|steam room", None),
    ("gym", _P, "Gym", r"\bgym\b|exercise equipment|fitness|treadmill|elliptical|free weights", None),
    ("pool", _P, "Pool", r"\bpools?\b|swimming", None),
    ("elevator", _P, "Elevator", r"elevator|\blift\b", None),
    ("private_entrance", _P, "Private entrance", r"private entrance", None),
    ("private_living_room", _P, "Private living room", r"private living room|living room", None),
    # Outdoor
    ("balcony", _O, "Patio or balcony", r"patio|balcony|terrace|terras|sun ?deck|rooftop", None),
    ("outdoor_dining", _O, "Outdoor dining area", r"outdoor dining|alfresco|al fresco", None),
    ("outdoor_furniture", _O, "Outdoor furniture", r"outdoor furniture|sun loungers?|hammock|outdoor seating", None),
    ("fire_pit", _O, "Fire pit", r"fire ?pit", None),
    ("garden", _O, "Garden or backyard", r"backyard|garden|tuin", None),
    ("beach_essentials", _O, "Beach essentials", r"beach essentials", None),
    ("beach_access", _O, "Beach access", r"beach ?(front|access)", None),
    ("kayak", _O, "Kayak", r"kayak", None),
    ("waterfront", _O, "Waterfront", r"water ?front|lake access|boat slip|dock\b", None),
    ("ski_in", _O, "Ski-in/ski-out", r"ski-in|ski in", None),
    ("bikes", _O, "Bikes", r"\bbi(kes?|cycles?)\b", None),
    ("resort_access", _P, "Resort access", r"resort access", None),
    ("trash_can", _K, "Trash can", r"trash can", None),
)

AMENITIES: Final = {code: Amenity(code, group, label, implies) for code, group, label, _, implies in _TABLE}
"""Every amenity by its code, in the order in which patterns are tried."""

ACCESSIBILITY: Final = frozenset(code for code, each in AMENITIES.items() if each.group is _A)
"""Amenities that say how a guest who cannot walk or see well gets in and around."""

ALLOWS: Final = {
    "pets_allowed": "pets",
    "smoking_allowed": "smoking",
    "events": "events",
    "family_friendly": "children",
}
"""What the host says is welcome, by the amenity that says it. Where nothing is said nothing is known."""

_PATTERNS: Final = tuple((code, re.compile(pattern)) for code, _, _, pattern, _ in _TABLE)

_NOISE: Final = re.compile(r"^translation missing|^other$|^$|^exclusive|^none$")

_PLAIN: Final = str.maketrans({"\u2019": "'", "\u2018": "'", "\u2013": "-", "\u2014": "-", "\u00a0": " "})


def _plain(mention: str) -> str:
    return " ".join(mention.translate(_PLAIN).lower().split())


@lru_cache(maxsize=65_536)
def is_noise(mention: str) -> bool:
    """Whether the words name nothing ("Other", "translation missing: …")."""
    return _NOISE.search(_plain(mention)) is not None


@lru_cache(maxsize=65_536)
def amenity_codes(mention: str) -> tuple[str, ...]:
    """Recognise one mention in free words.

    Returns
    -------
    tuple of str
        The code, followed by the one it implies; both of "Washer / Dryer"; empty where nothing is recognised.
    """
    found = (_recognise(words) for words in _plain(mention).split(" / "))
    return tuple(dict.fromkeys(code for codes in found for code in codes))


def _recognise(words: str) -> tuple[str, ...]:
    for code, pattern in _PATTERNS:
        if pattern.search(words):
            implied = AMENITIES[code].implies
            return (code,) if implied is None else (code, implied)
    return ()
