"""What the fictional city eats: dishes by cuisine, and its restaurants by name. All invented."""

from __future__ import annotations

from typing import NamedTuple


class Dish(NamedTuple):
    """`price` in minor units; `extras` names an entry of `EXTRAS`, or nothing."""

    section: str
    name: str
    description: str
    price: int
    extras: str = ""


class Group(NamedTuple):
    """Options chosen together, at least `minimum` and at most `maximum` of them; each a name and minor units more."""

    name: str
    minimum: int
    maximum: int
    options: tuple[tuple[str, int], ...]


def size(large: int) -> Group:
    return Group("Size", 1, 1, (("Regular", 0), ("Large", large)))


#: What is asked about each kind of dish.
EXTRAS: dict[str, tuple[Group, ...]] = {
    "pizza": (
        size(350),
        Group("Base", 1, 1, (("Wheat", 0), ("Gluten-free base", 200))),
        Group("Extras", 0, 2, (("Extra mozzarella", 150), ("Olives", 100), ("Chilli oil", 50))),
    ),
    "pasta": (size(250), Group("Extras", 0, 2, (("Parmesan", 80), ("Gluten-free pasta", 150)))),
    "burger": (
        Group("Patty", 1, 1, (("Single", 0), ("Double patty", 350))),
        Group("Extras", 0, 3, (("Cheddar", 120), ("Bacon", 180), ("Oat bun", 60))),
    ),
    "curry": (
        Group("Heat", 1, 1, (("Mild", 0), ("Medium", 0), ("Hot", 0))),
        Group("With it", 0, 2, (("Garlic naan", 280), ("Extra rice", 200))),
    ),
    "noodles": (
        Group("Extras", 0, 3, (("Extra noodles", 180), ("Soft egg", 150), ("Tofu", 150), ("Chilli paste", 50))),
    ),
    "sushi": (Group("Extras", 0, 3, (("Extra ginger", 60), ("Wasabi", 0), ("Brown rice", 100))),),
    "wrap": (
        Group("Wrapped", 1, 1, (("In flatbread", 0), ("In a bowl, no bread", 0))),
        Group("Extras", 0, 3, (("Halloumi", 220), ("Extra sauce", 60), ("Hot sauce", 40))),
    ),
    "taco": (Group("Extras", 0, 3, (("Guacamole", 180), ("Sour cream", 80), ("Jalapeños", 60))),),
    "bowl": (
        Group("Dressing", 1, 2, (("Sesame", 0), ("Lemon", 0), ("Yoghurt", 0))),
        Group("On top", 0, 2, (("Avocado", 200), ("Grilled chicken", 280), ("Feta", 150))),
    ),
    "side": (size(150), Group("Dips", 0, 2, (("Mayonnaise", 60), ("Ketchup", 40)))),
    "coffee": (size(70), Group("Extras", 0, 2, (("Oat milk", 50), ("Extra shot", 80)))),
    "breakfast": (Group("Extras", 0, 3, (("Poached egg", 150), ("Sourdough", 120), ("Smoked salmon", 350))),),
}

MENUS: dict[str, tuple[Dish, ...]] = {
    "Pizza": (
        Dish("Pizza", "Margherita", "Tomato, fior di latte, basil", 890, "pizza"),
        Dish("Pizza", "Marinara", "Tomato, garlic, oregano, no cheese", 790, "pizza"),
        Dish("Pizza", "Diavola", "Spicy salami, tomato, mozzarella", 1120, "pizza"),
        Dish("Pizza", "Quattro formaggi", "Four cheeses, black pepper", 1190, "pizza"),
        Dish("Pizza", "Ortolana", "Grilled vegetables, tomato, mozzarella", 1080, "pizza"),
        Dish("Pizza", "Harbour", "Anchovies, capers, olives, red onion", 1150, "pizza"),
        Dish("Sides", "Garlic bread", "With parsley butter", 420, "side"),
        Dish("Sides", "Rocket salad", "Cherry tomatoes, shaved parmesan", 590),
        Dish("Desserts", "Tiramisù", "Made each morning", 550),
        Dish("Drinks", "Blood orange soda", "33 cl", 320),
    ),
    "Italian": (
        Dish("Pasta", "Spaghetti al pomodoro", "San Marzano tomatoes, basil", 980, "pasta"),
        Dish("Pasta", "Rigatoni carbonara", "Egg yolk, guanciale, pecorino", 1240, "pasta"),
        Dish("Pasta", "Tagliatelle al ragù", "Beef and pork, cooked six hours", 1290, "pasta"),
        Dish("Pasta", "Orecchiette with greens", "Turnip tops, anchovy, chilli", 1150, "pasta"),
        Dish("Pasta", "Lasagne", "Baked in small pans", 1320),
        Dish("Mains", "Melanzane alla parmigiana", "Aubergine, tomato, mozzarella", 1190),
        Dish("Sides", "Focaccia", "Rosemary and sea salt", 390),
        Dish("Desserts", "Panna cotta", "With sour cherries", 520),
        Dish("Drinks", "Chinotto", "27 cl", 340),
    ),
    "Burgers": (
        Dish("Burgers", "House burger", "Beef, pickles, onion, house sauce", 1090, "burger"),
        Dish("Burgers", "Cheeseburger", "Beef, aged cheddar, mustard", 1190, "burger"),
        Dish("Burgers", "Crispy chicken burger", "Buttermilk chicken, slaw", 1150, "burger"),
        Dish("Burgers", "Mushroom burger", "Portobello, blue cheese, rocket", 1120, "burger"),
        Dish("Burgers", "Bean burger", "Black beans, smoked paprika, vegan", 1050, "burger"),
        Dish("Sides", "Fries", "Twice fried", 390, "side"),
        Dish("Sides", "Onion rings", "Beer batter", 450, "side"),
        Dish("Sides", "Slaw", "Cabbage, carrot, apple", 350),
        Dish("Drinks", "Root beer", "33 cl", 330),
        Dish("Drinks", "Vanilla shake", "Thick", 520),
    ),
    "Indian": (
        Dish("Curries", "Chana masala", "Chickpeas, tomato, ginger, vegan", 1040, "curry"),
        Dish("Curries", "Saag paneer", "Spinach, fresh cheese", 1150, "curry"),
        Dish("Curries", "Butter chicken", "Tandoori chicken, tomato, cream", 1290, "curry"),
        Dish("Curries", "Lamb rogan josh", "Slow cooked, Kashmiri chilli", 1390, "curry"),
        Dish("Curries", "Tarka dal", "Yellow lentils, garlic, cumin", 920, "curry"),
        Dish("Starters", "Vegetable samosas", "Two, with tamarind", 480),
        Dish("Starters", "Onion bhaji", "Three, with mint yoghurt", 450),
        Dish("Breads", "Peshwari naan", "Almond and raisin", 340),
        Dish("Drinks", "Mango lassi", "30 cl", 390),
    ),
    "Thai": (
        Dish("Curries", "Green curry", "Thai basil, aubergine, coconut", 1190, "curry"),
        Dish("Curries", "Massaman curry", "Potato, peanuts, beef", 1290, "curry"),
        Dish("Noodles", "Pad thai", "Rice noodles, egg, tamarind", 1120, "noodles"),
        Dish("Noodles", "Drunken noodles", "Wide noodles, chilli, basil", 1150, "noodles"),
        Dish("Soups", "Tom kha", "Coconut, galangal, mushrooms", 780),
        Dish("Salads", "Papaya salad", "Lime, peanuts, chilli", 840),
        Dish("Starters", "Summer rolls", "Herbs, rice noodles, peanut dip", 590),
        Dish("Drinks", "Thai iced tea", "40 cl", 390),
    ),
    "Japanese": (
        Dish("Sushi", "Salmon nigiri", "Six pieces", 1090, "sushi"),
        Dish("Sushi", "Avocado maki", "Eight pieces", 640, "sushi"),
        Dish("Sushi", "House platter", "Sixteen pieces, chef's choice", 2190, "sushi"),
        Dish("Noodles", "Shoyu ramen", "Chicken broth, soy, spring onion", 1320, "noodles"),
        Dish("Noodles", "Miso ramen", "Mushroom broth, sweetcorn", 1280, "noodles"),
        Dish("Rice", "Chicken katsu curry", "Panko chicken, mild sauce", 1290),
        Dish("Starters", "Edamame", "Sea salt", 450),
        Dish("Starters", "Gyoza", "Six, pork or vegetable", 680),
        Dish("Desserts", "Mochi", "Two, matcha and sesame", 480),
    ),
    "Levantine": (
        Dish("Wraps", "Falafel wrap", "Tahini, pickled turnip", 780, "wrap"),
        Dish("Wraps", "Chicken shawarma", "Garlic sauce, pickles", 890, "wrap"),
        Dish("Plates", "Mixed grill", "Lamb, chicken, bulgur", 1590),
        Dish("Plates", "Mezze for two", "Six small dishes, warm bread", 2240),
        Dish("Small dishes", "Hummus", "With warm chickpeas", 590),
        Dish("Small dishes", "Tabbouleh", "Parsley, mint, lemon", 620),
        Dish("Small dishes", "Batata harra", "Potatoes, chilli, coriander", 560, "side"),
        Dish("Desserts", "Baklava", "Three pieces", 450),
        Dish("Drinks", "Mint lemonade", "40 cl", 380),
    ),
    "Mexican": (
        Dish("Tacos", "Tacos al pastor", "Three, pork, pineapple", 990, "taco"),
        Dish("Tacos", "Cauliflower tacos", "Three, chipotle, vegan", 920, "taco"),
        Dish("Tacos", "Fish tacos", "Three, cabbage, lime crema", 1080, "taco"),
        Dish("Burritos", "Bean burrito", "Black beans, rice, pico de gallo", 940, "taco"),
        Dish("Burritos", "Beef burrito", "Shredded beef, rice, cheese", 1120, "taco"),
        Dish("Sides", "Nachos", "Cheese, beans, salsa", 760, "taco"),
        Dish("Sides", "Elote", "Grilled corn, lime, cheese", 480),
        Dish("Drinks", "Hibiscus water", "40 cl", 340),
    ),
    "Bowls": (
        Dish("Bowls", "Garden bowl", "Quinoa, roast vegetables, seeds", 1090, "bowl"),
        Dish("Bowls", "Salmon poke", "Sushi rice, edamame, mango", 1390, "bowl"),
        Dish("Bowls", "Tofu poke", "Sushi rice, cucumber, sesame", 1240, "bowl"),
        Dish("Bowls", "Caesar bowl", "Romaine, croutons, parmesan", 1050, "bowl"),
        Dish("Bowls", "Lentil bowl", "Beetroot, walnut, goat's cheese", 1080, "bowl"),
        Dish("Soups", "Soup of the day", "With bread", 690),
        Dish("Drinks", "Green juice", "Apple, celery, ginger", 490),
        Dish("Drinks", "Kombucha", "33 cl", 450),
    ),
    "Café": (
        Dish("Breakfast", "Eggs on toast", "Two eggs, sourdough", 790, "breakfast"),
        Dish("Breakfast", "Porridge", "Oats, berries, honey", 620),
        Dish("Breakfast", "Shakshuka", "Two eggs, tomato, peppers", 940, "breakfast"),
        Dish("Lunch", "Cheese toastie", "Mature cheddar, onion", 760, "breakfast"),
        Dish("Lunch", "Quiche", "With green salad", 880),
        Dish("Cakes", "Carrot cake", "Walnuts, cream cheese", 450),
        Dish("Cakes", "Cinnamon bun", "Baked at six", 380),
        Dish("Coffee", "Flat white", "Double shot", 360, "coffee"),
        Dish("Coffee", "Filter coffee", "Changes weekly", 310, "coffee"),
    ),
}

#: Four restaurants for each cuisine.
RESTAURANTS: dict[str, tuple[str, ...]] = {
    "Pizza": ("Forno Lanterna", "The Leaning Oven", "Pizzeria Tre Gatti", "Ember & Dough"),
    "Italian": ("Osteria Gavina", "Nonna Delfina", "Il Pescatore Pigro", "Trattoria Salvia"),
    "Burgers": ("Brisk Burger", "Stack & Pickle", "The Tin Grill", "Patty Parade"),
    "Indian": ("Saffron Pier", "Tamarind Lane", "Old Spice Depot", "Monsoon Kitchen"),
    "Thai": ("Lotus Ferry", "Baan Marigold", "Chilli Junction", "Lime & Galangal"),
    "Japanese": ("Kumo Noodles", "Little Heron", "Nami Counter", "Paper Crane Sushi"),
    "Levantine": ("Cedar & Sesame", "Olive Gate", "Tahini Tram", "Zaatar House"),
    "Mexican": ("Cantina Agavera", "Taco Almanac", "La Mesa Azul", "Corn & Comet"),
    "Bowls": ("Green Ledger", "Bowl & Barrow", "The Lettuce Club", "Seedhouse"),
    "Café": ("Quayside Coffee", "Copper Kettle Café", "The Second Cup Library", "Morning Tide"),
}
