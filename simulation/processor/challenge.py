"""The page of a 3-D Secure challenge: what a cardholder's bank would show."""

from __future__ import annotations

from html import escape
from string import Template
from typing import Any, Final

from lodestay.money import Money

_PAGE: Final = Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Confirm a payment</title>
<style>body { font: 1.1rem/1.5 system-ui; max-width: 28rem; margin: 4rem auto; padding: 0 1rem }
button { font: inherit; padding: .5rem 1.2rem; margin-right: .6rem }</style>
<h1>Confirm a payment</h1>
<p>$amount, for $reference. It is <strong id="status">$status</strong>.</p>
<p><button data-approve="true">Approve</button><button data-approve="false">Refuse</button></p>
<p><small>A simulated bank: no money moves.</small></p>
<script>
for (const button of document.querySelectorAll("button")) button.onclick = async () => {
  const approve = button.dataset.approve === "true";
  const answer = await fetch(location.href, {method: "POST", body: JSON.stringify({approve})});
  const said = await answer.json();
  document.getElementById("status").textContent = said.object ? said.object.status : said.error.message;
};
</script></html>
""")


def challenge_page(authorisation: dict[str, Any]) -> str:
    """A page with two buttons, which post to its own address."""
    amount = Money(authorisation["amount_minor"], authorisation["currency"])
    return _PAGE.substitute(
        amount=escape(str(amount)),
        reference=escape(authorisation["reference"]),
        status=escape(authorisation["status"].replace("_", " ")),
    )
