"""The far end of a demo's notices: a mail server and a push service in one small process. It loads no Django."""
