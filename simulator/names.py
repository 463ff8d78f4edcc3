"""Names of the fictional city's people and streets."""

# fmt: off
FIRST_NAMES = (
    "Ada", "Amir", "Anouk", "Bela", "Carla", "Chidi", "Dara", "Eino", "Elif", "Emeka", "Farah", "Goran", "Hana",
    "Ines", "Ivo", "Jana", "Jonas", "Kaya", "Kofi", "Lena", "Leo", "Lin", "Luca", "Maja", "Malik", "Mina", "Nadia",
    "Nils", "Noor", "Oskar", "Paula", "Petra", "Rafa", "Rosa", "Sami", "Sena", "Tariq", "Tove", "Uma", "Yara",
)

STREETS = (
    "Anchor Street", "Baker's Row", "Canal Walk", "Chandler Lane", "Dyer Street", "Elm Terrace", "Ferry Road",
    "Foundry Street", "Gull Lane", "Hawthorn Way", "Lantern Hill", "Linden Avenue", "Mill Street", "Orchard Road",
    "Quay Street", "Ropewalk", "Saddler Lane", "Tanner Street", "Tide Street", "Weaver Lane",
)
