"""`mimica consent`: make a key, grant, look at, check and revoke a receipt of consent.

This module does not know how receipts are signed; it reads the files, asks ``safety.receipts`` and says what came out.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mimica.animation.request import check_input_file
from mimica.cli.display import answer
from mimica.cli.files import input_argument, input_option
from mimica.errors import OutputError, UsageError
from mimica.safety.consent import PURPOSES, read_receipt_file

if TYPE_CHECKING:
    from mimica.safety.keys import PublicKey
    from mimica.safety.perceptual_hash import PortraitPrint
    from mimica.safety.receipts import ReceiptTerms

app = typer.Typer(help="Keys and receipts: an adult's signed agreement to be animated.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print the result, or the error, as one JSON object.")]
ReceiptFile = Annotated[Path, typer.Argument(metavar="RECEIPT", help="The receipt.")]
PortraitFile = Annotated[Path | None, input_option(metavar="PHOTO", help="Check that it is about this photo.")]
DriverFile = Annotated[Path | None, input_option(metavar="VIDEO", help="Check that it allows this driving video.")]
KeyFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Another private key than your own.")]


@app.command()
def keygen(
    owner: Annotated[str, typer.Option(metavar="NAME", help="Your name, as others will read it.")],
    as_json: Json = False,
) -> None:
    """Make the key that signs your receipts and keep it on this machine."""
    from mimica.safety.keys import generate_key, key_path, public_key_path

    key = generate_key(owner)
    answer(
        {"thumbprint": key.public.thumbprint, "private": str(key_path()), "public": str(public_key_path())},
        f"key {key.public.thumbprint}\nprivate, never hand it over: {key_path()}\npublic, to hand over: "
        f"{public_key_path()}",
        as_json=as_json,
    )


@app.command(short_help="Trust a person's public key.")
def trust(
    key: Annotated[Path, typer.Argument(metavar="THEIR.jwk", help="The public key that a person handed over.")],
    as_json: Json = False,
) -> None:
    """Trust a person's public key; first compare its thumbprint with them by another way, such as by phone."""
    from mimica.safety.keys import read_public_key
    from mimica.safety.keys import trust as believe

    public = read_public_key(key)
    kept = believe(public)
    answer(
        {"thumbprint": public.thumbprint, "owner": public.owner, "kept": str(kept)},
        f"trusted: {public.owner or 'unnamed'}, key {public.thumbprint}",
        as_json=as_json,
    )


@app.command(short_help="Agree that a photo of you may be animated.")
def grant(
    portrait: Annotated[Path, input_argument(metavar="PHOTO", help="The photo or video of you that may be animated.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="RECEIPT", help="The receipt to write.")],
    subject: Annotated[str, typer.Option(metavar="NAME", help="Who you are.")],
    controller: Annotated[str, typer.Option("--to", metavar="NAME", help="Who may animate the photo.")],
    purpose: Annotated[
        list[str], typer.Option(metavar="USE", help=f"What for; give it again for more: {', '.join(PURPOSES)}.")
    ],
    driver: Annotated[
        list[Path] | None,
        input_option(
            metavar="VIDEO",
            help="Allow only this driving video; give it again for more. Without it, any.",
        ),
    ] = None,
    training: Annotated[bool, typer.Option(help="Networks may be trained on the photo.")] = False,
    days: Annotated[int, typer.Option(metavar="N", min=1, max=1825, help="How long it holds.")] = 365,
    adult: Annotated[
        bool,
        typer.Option("--adult", help="State that you are the person in the photo, 18 or older, and free to agree."),
    ] = False,
    key: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Agree that a photo of you may be animated: signs a receipt with your key."""
    from mimica.safety.keys import load_signing_key
    from mimica.safety.perceptual_hash import file_sha256
    from mimica.safety.receipts import ADULT, ReceiptTerms, sign_receipt

    if not adult:
        raise UsageError(f'receipt: add --adult to state: "{ADULT}"; nobody else can agree for them')
    if out.exists():
        raise OutputError(f"receipt {out}: exists already; give another name with -o")
    for video in driver or ():
        check_input_file(video, "driving video")
    now = datetime.now(UTC).replace(microsecond=0)
    terms = ReceiptTerms(
        subject, controller, _portrait(portrait), tuple(purpose), now, now + timedelta(days=days),
        drivers=tuple(sorted({file_sha256(video) for video in driver or ()})), training=training,
    )  # fmt: skip
    token = sign_receipt(terms, load_signing_key(key))
    try:
        out.write_text(token, encoding="ascii")
    except OSError as error:
        raise OutputError(f"receipt {out}: cannot be written ({error.strerror}); choose another place") from error
    answer({"receipt": str(out)} | _described(terms), f"{out}: {_summary(terms)}", as_json=as_json)


@app.command()
def show(receipt: ReceiptFile, as_json: Json = False) -> None:
    """Say what a receipt claims, without checking who signed it."""
    from mimica.safety.receipts import show_receipt

    terms, key = show_receipt(read_receipt_file(receipt), f"receipt {receipt}")
    answer(
        {"verified": False, "key": key} | _described(terms),
        f"not checked: {_summary(terms)}; key {key}; check it with: mimica consent check {receipt}",
        as_json=as_json,
    )


@app.command(short_help="Check whether a receipt holds, and for what.")
def check(
    receipt: ReceiptFile,
    portrait: PortraitFile = None,
    driver: DriverFile = None,
    purpose: Annotated[str | None, typer.Option(metavar="USE", help="Check that it allows this use.")] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="THEIR.jwk", help="Check by this public key rather than the trusted ones.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a receipt's signature, time and revocation, and what it covers; exit code 2 says that it does not hold."""
    from mimica.safety.keys import read_public_key
    from mimica.safety.receipts import verify_receipt

    keys: dict[str, PublicKey] | None = None
    if key is not None:
        public = read_public_key(key)
        keys = {public.thumbprint: public}
    label = f"receipt {receipt}"
    verified = verify_receipt(read_receipt_file(receipt), keys=keys, label=label)
    if portrait is not None:
        verified.require_portrait(_portrait(portrait), label)
    if driver is not None:
        from mimica.safety.perceptual_hash import file_sha256

        check_input_file(driver, "driving video")
        verified.require_driver(file_sha256(driver), label)
    if purpose is not None:
        verified.require_purpose(purpose, label)
    left = [name for name, given in (("photo", portrait), ("driver", driver), ("use", purpose)) if given is None]
    open_points = f"; not compared: {', '.join(left)}" if left else ""
    answer(
        {"verified": True, "key": verified.key, "sha256": verified.sha256, "not_compared": left}
        | _described(verified.terms),
        f"holds: {_summary(verified.terms)}{open_points}",
        as_json=as_json,
    )


@app.command(short_help="Take consent back.")
def revoke(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A receipt to take back, or a signed revocation that was handed over."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the signed revocation, to hand over.")
    ] = None,
    key: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Take consent back: this machine refuses the receipt from now on; with -o others can be told, signed."""
    from mimica.safety import revocation
    from mimica.safety.keys import load_signing_key
    from mimica.safety.receipts import show_receipt, token_of

    content = read_receipt_file(file)
    if revocation.is_revocation(token_of(content)):
        taken = revocation.verify_revocation(token_of(content), label=f"revocation {file}")
        revocation.revoke(taken.receipt, taken.key, content.decode("ascii"))
        answer({"revoked": taken.receipt, "key": taken.key}, f"revoked: receipt {taken.receipt}", as_json=as_json)
        return
    terms, signer = show_receipt(content, f"receipt {file}")
    if out is not None:
        own = load_signing_key(key)
        if own.public.thumbprint != signer:
            raise UsageError(f"receipt {file}: was signed by another key than yours, so -o cannot; leave it out")
        try:
            out.write_text(revocation.sign_revocation(terms.identifier, own), encoding="ascii")
        except OSError as error:
            raise OutputError(
                f"revocation {out}: cannot be written ({error.strerror}); choose another place"
            ) from error
    revocation.revoke(terms.identifier)
    told = "" if out is None else f"; hand over {out}"
    answer({"revoked": terms.identifier, "key": signer}, f"revoked: receipt {terms.identifier}{told}", as_json=as_json)


def _portrait(path: Path) -> PortraitPrint:
    check_input_file(path, "photo")

    from mimica.media.image import load_photo
    from mimica.media.kind import is_video
    from mimica.safety.perceptual_hash import portrait_print

    if not is_video(path):
        return portrait_print(path, load_photo(path).image)
    from mimica.animation.scene import first_faces
    from mimica.faces.finder import FaceFinder

    frame, _, _ = first_faces(path, FaceFinder.load("cpu"), f"source video {path}")
    return portrait_print(path, frame.image)


def _described(terms: ReceiptTerms) -> dict[str, Any]:
    return {
        "identifier": terms.identifier, "subject": terms.subject, "controller": terms.controller,
        "purposes": list(terms.purposes), "drivers": list(terms.drivers), "training": terms.training,
        "issued_at": terms.issued_at.isoformat(), "expires_at": terms.expires_at.isoformat(),
        "portrait_sha256": terms.portrait.sha256, "portrait_phash": terms.portrait.phash,
    }  # fmt: skip


def _summary(terms: ReceiptTerms) -> str:
    drivers = f"{len(terms.drivers)} driving video(s)" if terms.drivers else "any driving video"
    return (
        f"{terms.subject} allows {terms.controller}: {', '.join(terms.purposes)}; {drivers}; "
        f"training {'yes' if terms.training else 'no'}; until {terms.expires_at:%Y-%m-%d}"
    )
