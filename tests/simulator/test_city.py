from datetime import timedelta

from django.utils.text import slugify

from simulator.city import build_city


def test_the_same_seed_gives_the_same_city_and_another_seed_another() -> None:
    assert build_city(1) == build_city(1)
    assert build_city(1) != build_city(2)


def test_the_city_has_its_size() -> None:
    city = build_city()

    assert len(city.zones) == 5
    assert len(city.restaurants) == 40
    assert len(city.couriers) == 60
    assert len(city.customers) == 120
    assert city.orders == ()


def test_accounts_and_slugs_are_distinct_and_fit_their_fields() -> None:
    city = build_city()
    accounts = [each.username for group in (city.restaurants, city.couriers, city.customers) for each in group]

    assert len(set(accounts)) == 220
    for restaurant in city.restaurants:
        assert restaurant.slug == slugify(restaurant.slug)
        assert len({item.name for item in restaurant.items}) == len(restaurant.items) >= 7
        assert all(len({option.name for option in item.options}) == len(item.options) for item in restaurant.items)
        assert all(item.price > 0 for item in restaurant.items)


def test_every_zone_has_couriers_and_many_cuisines() -> None:
    city = build_city()

    for zone in city.zones:
        assert len({each.cuisine for each in city.restaurants if each.zone == zone.slug}) >= 6
        assert len([each for each in city.couriers if each.zone == zone.slug]) == 12


def test_at_any_minute_of_the_week_three_in_four_restaurants_are_open_and_at_night_some_are_not() -> None:
    city = build_city()

    def open_at(weekday: int, minute: int) -> int:
        return sum(
            not each.hours
            or any(
                (span.weekday == weekday and span.opens <= minute < span.closes)
                or ((span.weekday + 1) % 7 == weekday and span.opens <= minute + 1440 < span.closes)
                for span in each.hours
            )
            for each in city.restaurants
        )

    counts = {open_at(day, minute) for day in range(7) for minute in range(0, 1440, 15)}
    assert min(counts) == 30
    assert max(counts) > 30
    assert all(0 <= span.opens < span.closes <= 2880 for each in city.restaurants for span in each.hours)


def test_the_day_starts_before_lunch_in_utc() -> None:
    starts_at = build_city().starts_at

    assert starts_at.utcoffset() == timedelta(0)
    assert (starts_at.hour, starts_at.minute) == (11, 15)
