"""Signatures of access tokens: only the key that is named, with its one algorithm, in the one spelling."""

import hmac
import json
import string

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.stand_ins.token_issuers import Issuer, own_issuer, refuse, segment

BASE64URL = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def parts(issuer: Issuer, **header: object) -> str:
    return f"{segment(issuer.header | header)}.{segment(issuer.claims)}"


def raw(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
async def test_an_unsigned_token_is_refused(issuer: Issuer, algorithm: str) -> None:
    for signature in ("", "AA", segment(issuer.signature(parts(issuer)))):
        await refuse(issuer, f"{parts(issuer, alg=algorithm)}.{signature}")
        await refuse(issuer, f"{parts(issuer)}.{signature[:-4]}")


@pytest.mark.parametrize("algorithm", ["HS256", "ES256", "RS256"])
@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.DER])
async def test_the_public_key_is_no_secret(
    issuer: Issuer, algorithm: str, encoding: serialization.Encoding
) -> None:
    public = issuer.private.public_key()
    secret = public.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    content = parts(issuer, alg=algorithm)
    await refuse(issuer, f"{content}.{segment(hmac.digest(secret, content.encode(), 'sha256'))}")


async def test_another_algorithm_of_the_same_key_is_refused(issuer: Issuer) -> None:
    if isinstance(issuer.private, rsa.RSAPrivateKey):
        for algorithm in ("PS256", "RS384", "RS512"):
            for told in (algorithm, "RS256"):
                content = parts(issuer, alg=told)
                await refuse(issuer, f"{content}.{segment(issuer.signature(content, algorithm=algorithm))}")
    else:
        content = parts(issuer)
        der = issuer.private.sign(content.encode(), ec.ECDSA(hashes.SHA512()))
        await refuse(issuer, f"{content}.{segment(raw(der))}")


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
        ("ES384", ec.generate_private_key(ec.SECP384R1())),
        ("ES256K", ec.generate_private_key(ec.SECP256K1())),
        ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    ],
    ids=["ES256", "ES384", "ES256K", "RS256"],
)
async def test_another_key_is_refused_whatever_id_and_algorithm_it_claims(
    issuer: Issuer, algorithm: str, key: object
) -> None:
    for told in (algorithm, issuer.header["alg"]):
        content = parts(issuer, alg=told)
        signature = issuer.signature(content, algorithm=algorithm, private=key)
        await refuse(issuer, f"{content}.{segment(signature)}")


@pytest.mark.parametrize("left_over", [1, 2])
async def test_segments_whose_spare_bits_are_not_zero_are_refused(issuer: Issuer, left_over: int) -> None:
    """Of one or two bytes past the last three, base64 has four or two bits to spare."""

    def padded(value: object) -> bytes:
        raw = json.dumps(value).encode()
        return raw + b" " * ((left_over - len(raw)) % 3)

    def misspelt(part: str) -> str:
        return part[:-1] + BASE64URL[BASE64URL.index(part[-1]) + 1]

    token = issuer.token(header=padded(issuer.header), claims=padded(issuer.claims))
    assert await issuer.verify(token)
    header, claims, signature = token.split(".")
    for content in (f"{misspelt(header)}.{claims}", f"{header}.{misspelt(claims)}"):
        await refuse(issuer, f"{content}.{segment(issuer.signature(content))}")
    await refuse(issuer, f"{header}.{claims}.{misspelt(signature)}")


@pytest.mark.parametrize("part", [0, 1, 2])
async def test_a_changed_part_is_refused(issuer: Issuer, part: int) -> None:
    split = issuer.token().split(".")
    middle = len(split[part]) // 2
    changed = "A" if split[part][middle] != "A" else "B"
    split[part] = split[part][:middle] + changed + split[part][middle + 1 :]
    await refuse(issuer, ".".join(split))


async def test_the_parts_of_two_tokens_make_none(issuer: Issuer) -> None:
    eve = issuer.token(claims=issuer.claims | {"sub": "eve"})
    ada = issuer.token()
    await refuse(issuer, f"{ada.rpartition('.')[0]}.{eve.rpartition('.')[2]}")


async def test_a_signature_in_another_form_or_length_is_refused() -> None:
    issuer = await own_issuer()
    content = parts(issuer)
    assert isinstance(issuer.private, ec.EllipticCurvePrivateKey)
    der = issuer.private.sign(content.encode(), ec.ECDSA(hashes.SHA256()))
    signature = raw(der)
    assert await issuer.verify(f"{content}.{segment(signature)}")
    zero, order = bytes(32), ORDER_OF_P256.to_bytes(32, "big")
    for other in (
        der,
        signature[:-1],
        signature + b"\0",
        b"\0" + signature,
        signature[:32],
        signature * 2,
        signature[32:] + signature[:32],
        zero + zero,
        zero + signature[32:],
        signature[:32] + zero,
        order + signature[32:],
        signature[:32] + order,
        b"\xff" * 64,
    ):
        await refuse(issuer, f"{content}.{segment(other)}")


async def test_the_second_spelling_of_a_signature_names_the_same_user() -> None:
    issuer = await own_issuer()
    content = parts(issuer)
    signature = issuer.signature(content)
    s = ORDER_OF_P256 - int.from_bytes(signature[32:], "big")
    second = segment(signature[:32] + s.to_bytes(32, "big"))
    assert await issuer.verify(f"{content}.{second}") == await issuer.verify(issuer.token())
