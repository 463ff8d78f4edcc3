"""The public instances of the Meal Delivery Routing Problem, played minute by minute.

Format and rules: Reyes, Erera, Savelsbergh, Sahasrabudhe, O'Neil, "The Meal Delivery Routing Problem", 2018.
"""
