"""Who follows which restaurant, and how far a restaurant's post has got among them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Follower(models.Model):
    """The pair is the key, and its index is the one that a range of a restaurant's followers is read by."""

    pk = models.CompositePrimaryKey("restaurant_id", "user_id")
    restaurant_id = models.BigIntegerField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="follows")
    followed_at = models.DateTimeField(db_default=Now(), help_text="wall time")

    def __str__(self) -> str:
        return f"account {self.user_id} follows restaurant {self.restaurant_id}"


class Post(models.Model):
    """A restaurant's post on its way to those who followed it when the event was read."""

    event_id = models.UUIDField(primary_key=True, help_text="the event restaurant.posted; its notices carry it too")
    restaurant_id = models.BigIntegerField()
    account_id = models.BigIntegerField(help_text="who wrote it, and may watch it go out")
    name = models.CharField(max_length=200, help_text="the restaurant's")
    slug = models.CharField(max_length=200)
    text = models.TextField()
    posted_at = models.DateTimeField(help_text="city time")
    created_at = models.DateTimeField(db_default=Now(), help_text="wall time; who follows later is not told")
    split_to = models.BigIntegerField(db_default=0, help_text="followers up to this account are in ranges")
    split_at = models.DateTimeField(null=True, help_text="wall time at which all of them were")
    finished_at = models.DateTimeField(null=True, help_text="wall time at which the last range was done")
    touched_at = models.DateTimeField(db_default=Now(), help_text="wall time of its beginning, or of a reminder")
    told = models.PositiveIntegerField(null=True, help_text="people it reached, written when its ranges were removed")

    class Meta:
        indexes = [
            models.Index(fields=["restaurant_id", "-created_at"], name="post_of_restaurant"),
            models.Index(fields=["account_id", "-created_at"], name="post_of_account"),
            models.Index(fields=["created_at"], condition=models.Q(finished_at__isnull=True), name="post_open"),
        ]

    def __str__(self) -> str:
        return f"post {self.event_id} of {self.slug}"


class PostRange(models.Model):
    """Some followers of a post, by account id, both ends included: told in one transaction by one worker."""

    class State(models.TextChoices):
        OPEN = "open"
        TOLD = "told", "notices written"
        DONE = "done", "their commands are on the queue"

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="ranges")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    size = models.PositiveIntegerField(help_text="followers when it was cut")
    told = models.PositiveIntegerField(db_default=0, help_text="people; who has unfollowed since is not told")
    commands = models.PositiveIntegerField(db_default=0, help_text="put on the queue when it was done")
    state = models.CharField(max_length=4, choices=State, db_default=State.OPEN)
    touched_at = models.DateTimeField(db_default=Now(), help_text="wall time of its last change, or of a reminder")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["post", "first"], name="post_range_once"),
            models.CheckConstraint(condition=models.Q(first__lte=models.F("last")), name="post_range_sane"),
        ]
        indexes = [
            models.Index(fields=["post", "touched_at"], condition=~models.Q(state="done"), name="post_range_open")
        ]

    def __str__(self) -> str:
        return f"{self.first} to {self.last} of post {self.post_id} ({self.state})"
