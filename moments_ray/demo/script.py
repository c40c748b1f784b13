"""The text of the talk, and what its slides show while it is said."""

from __future__ import annotations

from dataclasses import dataclass

TITLE = "Six Small Surprises"
SUBTITLE = "What ordinary things are hiding"


@dataclass(frozen=True)
class Passage:
    """One sentence, the silence after it in seconds, and the point its slide gains when it begins."""

    text: str
    point: str | None = None
    pause: float = 0.38


@dataclass(frozen=True)
class Chapter:
    """A part of the talk; one with no figure is not a topic but a welcome or a farewell.

    ``figure`` names a drawing in ``figures``; ``accent`` is a colour as ``#rrggbb``.
    """

    title: str
    accent: str
    passages: tuple[Passage, ...]
    figure: str | None = None


SCRIPT: tuple[Chapter, ...] = (
    Chapter(
        TITLE,
        "#c2513a",
        (
            Passage("Hello, and welcome.", pause=0.5),
            Passage("For the next few minutes I would like to tell you six small stories about ordinary things."),
            Passage("Every one of them hides a surprise.", pause=1.1),
        ),
    ),
    Chapter(
        "The bridge that danced",
        "#2f6690",
        (
            Passage(
                "In the summer of 1940, a new bridge opened across the Tacoma Narrows, "
                "and people drove for miles to ride on it.",
                pause=0.5,
            ),
            Passage("They came because it moved.", "A road that rolled in light wind"),
            Passage(
                "In a light breeze the road rose and fell like a slow wave, "
                "and drivers watched the car ahead of them sink out of sight."
            ),
            Passage(
                "The engineers had made the deck thin, because a thin deck is elegant, and because it is cheap.",
                "2.4 m of deck for 853 m of span",
            ),
            Passage(
                "Then, one morning in November, in a wind of only sixty five kilometres an hour, "
                "the deck stopped bouncing and began to twist.",
                "65 km/h: bouncing turns into twisting",
            ),
            Passage("Every twist caught more wind, and every gust fed the next twist."),
            Passage("An hour later, the middle of the bridge lay in the water.", pause=0.6),
            Passage("So was it a storm that broke it?", pause=0.5),
            Passage("No. The bridge broke itself, and the wind only paid for the energy.", "It broke itself"),
            Passage(
                "Since then, nobody builds a long bridge before a model of it has stood in a wind tunnel.",
                pause=1.3,
            ),
        ),
        "bridge",
    ),
    Chapter(
        "Why bread rises",
        "#b7791f",
        (
            Passage("Bread is the oldest machine in your kitchen, and it runs on living things.", pause=0.5),
            Passage(
                "One small spoon of yeast holds more cells than there are people on Earth.",
                "A spoon of yeast: billions of cells",
            ),
            Passage(
                "Stir it into flour and water, and each of those cells begins to eat sugar and to breathe out gas."
            ),
            Passage("But gas alone makes no bread.", pause=0.3),
            Passage("Blow bubbles into a paste of rice flour, and they simply burst.", pause=0.5),
            Passage(
                "The difference is gluten, a protein that only forms when you wet wheat flour and pull it about.",
                "Gluten: walls that stretch",
            ),
            Passage("Kneading folds it into sheets, thin as balloons, and now the gas has nowhere to go."),
            Passage("In two hours, on a warm table, the dough is twice its size.", "Twice the size in two hours"),
            Passage(
                "In the oven, at about sixty degrees, the yeast dies, the walls turn firm, "
                "and what you slice in the morning is a fossil of ten thousand bubbles.",
                "Near 60 °C the foam turns to stone",
                pause=0.6,
            ),
            Passage("So if your next loaf comes out flat, do not blame the yeast.", pause=0.3),
            Passage("Ask whether you built the balloons.", pause=1.3),
        ),
        "bread",
    ),
    Chapter(
        "How maps lie",
        "#3b7a57",
        (
            Passage(
                "Every flat map of the world tells a lie, and the only question is which lie you can live with.",
                pause=0.5,
            ),
            Passage(
                "You cannot press the skin of an orange flat without tearing it, and the Earth is no different.",
                "No globe lies flat without a tear",
            ),
            Passage("In 1569, Gerardus Mercator chose his lie with care."),
            Passage("He kept the angles true, and gave up the sizes.", "Mercator: true angles, false sizes", pause=0.6),
            Passage(
                "For a sailor that was a gift: draw a straight line, read off the angle, "
                "and hold that course across the ocean."
            ),
            Passage("For a classroom it was a disaster.", pause=0.5),
            Passage("On his map, Greenland looks as large as Africa.", pause=0.3),
            Passage("In truth, Africa is fourteen times larger.", "Africa is 14 Greenlands", pause=0.6),
            Passage("Then why does the map on your phone still use his idea?", pause=0.5),
            Passage(
                "Because on a phone you look for a street, not for a continent, and a street wants its corners true.",
                "Streets want true corners",
            ),
            Passage("A good map is not one that never lies.", pause=0.3),
            Passage("It is one whose lie does not matter to you.", pause=1.3),
        ),
        "map",
    ),
    Chapter(
        "Selling ice to the tropics",
        "#2b7a8c",
        (
            Passage(
                "In 1806, a young man from Boston sent a ship full of ice to the Caribbean, "
                "and the newspapers took it for a joke.",
                pause=0.5,
            ),
            Passage("His name was Frederic Tudor, and at first the newspapers were right."),
            Passage(
                "The ice arrived, but nobody there knew what to do with it, and it melted on the shore.",
                "1806: a cargo that melts",
            ),
            Passage(
                "He lost four thousand dollars, went to prison for his debts, came out, and tried again.", pause=0.6
            ),
            Passage("What saved him in the end was not the cold, but the packing.", "The cure was sawdust"),
            Passage(
                "Sawdust is full of air, and still air hardly carries any heat.",
                "Still air carries little heat",
            ),
            Passage(
                "In 1833, he sent one hundred and eighty tons of ice from Boston to Calcutta, "
                "four months on the water, twice across the equator.",
                "180 tons left, 100 tons arrived",
            ),
            Passage("One hundred tons of it arrived.", pause=0.6),
            Passage("People had laughed at the man who wanted to sell winter, and he died rich."),
            Passage("You still use his trick every day.", pause=0.3),
            Passage("The wall of your refrigerator is mostly bubbles.", pause=1.3),
        ),
        "ice",
    ),
    Chapter(
        "A dance in the dark",
        "#8a5a00",
        (
            Passage(
                "How does a bee tell her sisters where the flowers are, when it is completely dark inside the hive?",
                pause=0.5,
            ),
            Passage("She dances.", pause=0.6),
            Passage(
                "On the hanging comb she runs a short, straight line, shaking her body, "
                "then circles back and runs it again.",
                "A short run, again and again",
            ),
            Passage("Karl von Frisch watched this for more than twenty years before he could read it."),
            Passage(
                "The angle of her run against the vertical is the angle of the flowers from the sun.",
                "Angle of the run = angle to the sun",
            ),
            Passage(
                "And the length of the run is the distance: about one second of shaking for every kilometre.",
                "One second of shaking: about 1 km",
                pause=0.6,
            ),
            Passage(
                "Think what that asks of an insect whose brain is smaller than a grain of rice.",
                "Measured, kept, translated",
            ),
            Passage("She has to measure a flight, keep it in mind, and translate it onto a wall in the dark."),
            Passage("Her sisters follow with their feelers, and then fly out to a field they have never seen."),
            Passage("When he published this, many of his colleagues did not believe a word.", pause=0.3),
            Passage("In 1973, it won him a Nobel Prize.", pause=1.3),
        ),
        "bee",
    ),
    Chapter(
        "The box that shrank the world",
        "#9b2c4d",
        (
            Passage(
                "One of the greatest inventions of the last century is an empty steel box.",
                pause=0.5,
            ),
            Passage(
                "Before it came, cargo was loaded by hand, sack by sack and barrel by barrel, "
                "and a ship could spend as many days in port as at sea.",
                "By hand: half its life in port",
            ),
            Passage("Malcolm McLean owned trucks, and he hated to wait."),
            Passage("He asked a very simple question: why do we unload the truck at all?", "Why unload the truck?"),
            Passage("Why not lift the whole box onto the ship?", pause=0.5),
            Passage("In April 1956, fifty eight of his boxes left Newark for Houston on an old tanker."),
            Passage("Then somebody did the sum.", pause=0.5),
            Passage("Loading a ton by hand cost five dollars and eighty six cents.", "From $5.86 a ton to $0.16"),
            Passage("Loading a ton in boxes cost sixteen cents.", pause=0.6),
            Passage(
                "That is ninety seven percent less, and it changed the place where almost everything on Earth is made."
            ),
            Passage(
                "And the box did not win because it was clever, but because, after ten years of quarrels, "
                "everybody agreed on its size.",
                "One size, agreed by all",
            ),
            Passage("The oceans are as wide as ever, and it is only the waiting that has gone.", pause=1.3),
        ),
        "box",
    ),
    Chapter(
        "Thank you",
        "#c2513a",
        (
            Passage("Six ordinary things, and not one of them was simple.", pause=0.5),
            Passage("Thank you for listening, and please look twice at your next slice of bread.", pause=1.5),
        ),
    ),
)
