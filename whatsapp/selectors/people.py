"""How a lead and its origin are named on every page: chosen here once, worded in templates."""

from dataclasses import dataclass

from whatsapp.models import Confidence, IdentityKind, TouchKind

PHONE_KINDS = frozenset({IdentityKind.PHONE.value, IdentityKind.WA_ID.value})

# Joined to the alias `lead`: the alias of a person that a reader would recognise best.
PERSON_JOIN = """
LEFT JOIN LATERAL (
    SELECT kind, value FROM whatsapp_identity
     WHERE lead_id = lead.id
     ORDER BY kind = 'phone' DESC, kind = 'wa_id' DESC, kind = 'username' DESC, id
     LIMIT 1) person ON true
"""
PERSON_COLUMNS = "lead.name, person.kind, person.value"

# Joined to the alias `lead`: the verdict that counts now.
ORIGIN_JOIN = """
LEFT JOIN whatsapp_attribution verdict ON verdict.id = lead.attribution_id
LEFT JOIN whatsapp_touch touch ON touch.id = verdict.touch_id
LEFT JOIN whatsapp_trackedlink link ON link.id = touch.link_id
"""
ORIGIN_COLUMNS = (
    "touch.kind, verdict.confidence, link.slug, touch.headline, touch.ad_id,"
    " touch.utm_source"
)


@dataclass(frozen=True, slots=True)
class Person:
    """A name if we have one, else the number or the alias."""

    name: str
    phone: str
    alias: str

    @classmethod
    def of(cls, name: str, kind: str | None, value: str | None) -> "Person":
        is_phone = kind in PHONE_KINDS
        return cls(
            name=name,
            phone=(value or "") if is_phone else "",
            alias="" if is_phone else (value or ""),
        )


@dataclass(frozen=True, slots=True)
class Origin:
    """`kind` is a touch kind or "none"; `name` is the link, the ad or the source."""

    kind: str
    name: str
    confidence: str

    @classmethod
    def of(  # the columns of ORIGIN_COLUMNS, in their order
        cls,
        kind: str | None,
        confidence: str | None,
        slug: str | None,
        headline: str | None,
        ad_id: str | None,
        utm_source: str | None,
    ) -> "Origin":
        if not kind:
            return cls("none", "", confidence or Confidence.NONE.value)
        if kind == TouchKind.LINK:
            name = slug or utm_source
        elif kind == TouchKind.AD:
            name = headline or ad_id
        elif kind == TouchKind.TEST:
            name = headline
        else:
            name = utm_source
        return cls(kind, name or "", confidence or Confidence.NONE.value)

    @property
    def is_probable(self) -> bool:
        return self.confidence == Confidence.PROBABLE
