from django.contrib.admin.apps import AdminConfig


class Backoffice(AdminConfig):
    default_site = "config.backoffice.site.BackofficeSite"

    def ready(self) -> None:
        super().ready()
        # The models must be there first.
        from .rest import register_rest

        register_rest()
