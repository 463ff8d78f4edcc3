"""Live numbers: how many orders stand where, what each minute brought, how long the way to the door takes."""
