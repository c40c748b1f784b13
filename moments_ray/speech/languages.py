"""Language tags as containers, sites and recognisers write them, brought to one form."""

from __future__ import annotations

import re

ORIGINAL = "-orig"  # YouTube marks the automatic captions that its other languages are translated from

_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,4}")
# ISO 639-2 (both forms where there are two) to ISO 639-1: what containers write to what everybody else does.
_SHORT = dict(
    re.findall(
        r"(\w+)=(\w+)",
        "afr=af alb=sq amh=am ara=ar arm=hy aze=az baq=eu bel=be ben=bn bos=bs bul=bg bur=my cat=ca ces=cs chi=zh "
        "cym=cy cze=cs dan=da deu=de dut=nl ell=el eng=en epo=eo est=et eus=eu fas=fa fil=tl fin=fi fra=fr fre=fr "
        "geo=ka ger=de gle=ga glg=gl gre=el guj=gu heb=he hin=hi hrv=hr hun=hu hye=hy ice=is ind=id isl=is ita=it "
        "jpn=ja kan=kn kat=ka kaz=kk khm=km kor=ko lao=lo lat=la lav=lv lit=lt ltz=lb mac=mk mal=ml mar=mr may=ms "
        "mkd=mk mlt=mt mon=mn msa=ms mya=my nep=ne nld=nl nno=nn nob=nb nor=no pan=pa per=fa pol=pl por=pt pus=ps "
        "ron=ro rum=ro rus=ru sin=si slk=sk slo=sk slv=sl spa=es sqi=sq srp=sr swa=sw swe=sv tam=ta tel=te tgl=tl "
        "tha=th tur=tr ukr=uk urd=ur uzb=uz vie=vi wel=cy xho=xh yid=yi yue=zh cmn=zh zho=zh zul=zu",
    )
) | {"iw": "he", "in": "id", "ji": "yi"}
_UNKNOWN = frozenset({"und", "mul", "zxx", "mis", "qaa"})
# Written so alike that telling them apart by their letters says nothing.
_ALIKE = ({"no", "nb", "nn", "da"}, {"hr", "sr", "bs"}, {"id", "ms"})


def normal_language(tag: str | None) -> str | None:
    """Return a language tag as BCP 47 has it (``eng`` is ``en``, ``pt_BR`` is ``pt-BR``), or None if it names none."""
    if tag is None:
        return None
    tag = tag.strip().removesuffix(ORIGINAL)
    if not _TAG.fullmatch(tag):
        return None
    primary, *rest = tag.replace("_", "-").split("-")
    primary = primary.lower()
    if primary in _UNKNOWN:
        return None
    return "-".join([_SHORT.get(primary, primary), *rest])


def same_language(one: str, other: str) -> bool:
    """Tell whether two normal tags name one language, regions and scripts aside."""
    first, second = one.partition("-")[0], other.partition("-")[0]
    return first == second or any(first in alike and second in alike for alike in _ALIKE)
