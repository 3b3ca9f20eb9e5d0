"""Durations, tokens and costs as people read them. Pure."""

from __future__ import annotations

Cell = str | float | None  # of a table
MANY = 1e15  # from here on, digits say nothing more


def duration_text(milliseconds: float) -> str:
    """Return a duration, with its unit.

    >>> [duration_text(ms) for ms in (0, 0.036, 12.5, 820, 1250, 125_000)]
    ['0 ms', '0.04 ms', '12.5 ms', '820 ms', '1.25 s', '2 min 5 s']
    """
    size = abs(milliseconds)
    if size < 1:
        return f"{round(milliseconds, 2) + 0:g} ms"
    if size < 100:
        return f"{milliseconds:.3g} ms"
    if size < 999.5:
        return f"{milliseconds:.0f} ms"
    if size < 119_995:
        return f"{milliseconds / 1000:.2f} s"
    if size >= MANY:
        return f"{milliseconds / 1000:.3g} s"
    sign, seconds = "-" if milliseconds < 0 else "", round(size / 1000)
    if seconds < 7200:
        return f"{sign}{seconds // 60} min {seconds % 60} s"
    minutes = round(size / 60_000)
    return f"{sign}{minutes // 60:,} h {minutes % 60} min"


def offset_text(milliseconds: float) -> str:
    """Return how much later than the first event another one began.

    >>> offset_text(820), offset_text(-3)
    ('+820 ms', '-3 ms')
    """
    return ("" if milliseconds < 0 else "+") + duration_text(milliseconds)


def count_text(number: float, word: str) -> str:
    """Return a number of things.

    >>> count_text(1, "event"), count_text(1240, "token")
    ('1 event', '1,240 tokens')
    """
    return f"{number_text(number)} {word}{'' if number == 1 else 's'}"


def number_text(number: float) -> str:
    """Return a number with commas between thousands.

    >>> number_text(1240), number_text(2.5), number_text(1e300)
    ('1,240', '2.5', '1e+300')
    """
    if abs(number) >= MANY:
        return f"{float(number):.3g}"
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.3g}"


def cost_text(dollars: float) -> str:
    """Return a cost in USD: to the cent when it is large, two digits of it when it is small.

    >>> [cost_text(usd) for usd in (0, 0.0000021, 0.00416, 0.0123, 1.5, 1234.5)]
    ['$0', '$0.0000021', '$0.0042', '$0.0123', '$1.50', '$1,234.50']
    """
    sign, size = "-" if dollars < 0 else "", abs(dollars)
    if size == 0:
        return "$0"
    if size >= MANY or size < 1e-9:
        return f"{sign}${size:.2g}"
    if size >= 1:
        return f"{sign}${size:,.2f}"
    if size >= 0.01:
        return f"{sign}${f'{size:.4f}'.rstrip('0').ljust(4, '0')}"
    places = next(place for place in range(2, 12) if size >= 10.0**-place) + 1
    return f"{sign}${size:.{places}f}"
