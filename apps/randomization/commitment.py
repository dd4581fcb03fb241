"""What is published when lists are sealed: SHA-256(nonce ‖ canonical JSON of configuration, seed and lists)."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from apps.randomization.drawing import Secret


def commitment(config: Mapping[str, Any], secret: Secret, lists: Mapping[str, list[str]]) -> str:
    whole = {"config": config, "seed": secret.seed.hex(), "lists": lists}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(secret.nonce + text.encode()).hexdigest()
