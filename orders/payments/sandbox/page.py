"""The bank's page of the 3-D Secure step: one question, two buttons, no script."""

from __future__ import annotations

from html import escape

from .store import Row

PAGE = """<!doctype html>
<html lang="en-GB">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Confirm your payment · Sandbox Bank</title>
  <style>
    body {{ font: 1.0625rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 4rem auto; padding: 0 1rem;
           color: #1d2433; background: #f6f7f9 }}
    main {{ background: #fff; border: 1px solid #d5dae3; border-radius: .75rem; padding: 1.5rem }}
    .amount {{ font-size: 1.75rem; font-weight: 700; font-variant-numeric: tabular-nums }}
    button {{ font: inherit; padding: .6rem 1.2rem; border-radius: .5rem; border: 1px solid #1f4fa3; cursor: pointer;
             background: #1f4fa3; color: #fff }}
    button + button {{ background: #fff; color: #1f4fa3; margin-left: .5rem }}
  </style>
</head>
<body>
  <main>
    <h1>Is this you?</h1>
    <p>Forkroad wants to hold <span class="amount">{amount}</span> on your card.</p>
    <p>This bank is a sandbox: no money moves.</p>
    {question}
  </main>
</body>
</html>
"""

QUESTION = """<form method="post">
      <button name="answer" value="yes">Yes, confirm</button>
      <button name="answer" value="no">No, decline</button>
    </form>"""
ANSWERED = "<p>This payment has been answered. You can close this page.</p>"


def challenge_page(intent: Row) -> str:
    """The page for an intent's row; it asks only while the intent waits for the answer."""
    amount = escape(f"{intent['amount'] / 100:.2f} {intent['currency'].upper()}")
    return PAGE.format(amount=amount, question=QUESTION if intent["status"] == "requires_action" else ANSWERED)
