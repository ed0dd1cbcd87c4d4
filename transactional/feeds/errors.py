"""What can be wrong with a feed: its address, the way to it, or what it says."""

from __future__ import annotations

from uuid import UUID

from lodestay.errors import Conflict, InvalidInput, NotFound, ServiceUnavailable

ASK_THE_SITE = "Copy the address again from the other site's calendar settings."


class FeedNotFound(NotFound):
    """No such feed, or none of this listing."""

    title = "No such feed"

    def __init__(self, feed_id: UUID) -> None:
        super().__init__(f"The listing has no feed {feed_id}.", hint="List its feeds.", feed_id=str(feed_id))


class FeedAlreadyAdded(Conflict):
    """An address that the listing reads already."""

    title = "The feed was added before"

    def __init__(self, name: str, *, listing_id: int) -> None:
        super().__init__(
            f"The listing reads this address already, as {name!r}.",
            hint="Nothing is left to do.",
            listing_id=listing_id,
        )


class TooManyFeeds(Conflict):
    """A listing that reads as many calendars as one may."""

    title = "Too many feeds"

    def __init__(self, listing_id: int, *, limit: int) -> None:
        super().__init__(
            f"A listing reads at most {limit} calendars.", hint="Remove one first.", listing_id=listing_id, limit=limit
        )


class TooManyCalendarTokens(Conflict):
    """A listing whose calendar is given out under as many addresses as one may have."""

    title = "Too many calendar addresses"

    def __init__(self, listing_id: int, *, limit: int) -> None:
        super().__init__(
            f"A listing's calendar is given out under at most {limit} addresses.",
            hint="Revoke one first, or replace all of them.",
            listing_id=listing_id,
            limit=limit,
        )


class CalendarTokenNotFound(NotFound):
    """No such address of this listing's calendar, or one that was revoked."""

    title = "No such calendar address"

    def __init__(self, token_id: UUID) -> None:
        super().__init__(f"There is no address {token_id}.", hint="List them.", token_id=str(token_id))


class CalendarNotFound(NotFound):
    """No calendar is given out at this address, any more or at all; which of these is nobody's to know."""

    title = "No such calendar"

    def __init__(self) -> None:
        super().__init__("No calendar is given out here.", hint="Ask the host for the present address.")


class InvalidFeedAddress(InvalidInput):
    """An address that cannot be a calendar on the public internet."""

    title = "Invalid feed address"


class AddressNotPublic(InvalidInput):
    """An address that leads into a network that is not public."""

    title = "The address is not public"

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} is not on the public internet.", hint=ASK_THE_SITE)


class FeedRedirectRefused(InvalidInput):
    """A calendar that sends its reader on too often, or to where no calendar is read from."""

    title = "The feed leads elsewhere"


class FeedUnreachable(ServiceUnavailable):
    """A site that does not answer, or not in time, or breaks off."""

    title = "The feed cannot be reached"


class FeedRefused(ServiceUnavailable):
    """A site that answers with something else than a calendar's success."""

    title = "The feed was refused"

    def __init__(self, host: str, *, answered: int) -> None:
        super().__init__(f"{host} answers with the status {answered}.", hint=ASK_THE_SITE, answered=answered)


class NotACalendar(InvalidInput):
    """Something that is no iCalendar text, such as a web page that asks to sign in."""

    title = "Not a calendar"


class TruncatedCalendar(InvalidInput):
    """A calendar that ends before its end: nothing of it is believed."""

    title = "The calendar is cut off"

    def __init__(self, part: str) -> None:
        super().__init__(f"The calendar ends before its {part} does.", hint="It is read again by itself.")


class CalendarTooLarge(InvalidInput):
    """A calendar of more bytes than is read."""

    title = "The calendar is too large"

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            f"The calendar is larger than {limit // 1024 // 1024} MB.", hint="Leave past events out of it.", limit=limit
        )


class TooManyEvents(InvalidInput):
    """A calendar of more events than one listing can have."""

    title = "The calendar has too many events"

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            f"The calendar has more than {limit:,} events.", hint="Leave past events out of it.", limit=limit
        )


class UnreadableEvent(InvalidInput):
    """One event of a calendar that does not say which nights it takes."""

    title = "An event cannot be read"
