"""Reads configurations as Synapse does; prints what the bridge sends of their modules, or the error that it raises."""

import json
import sys

import yaml
from synapse.config import ConfigError

from vesicle_bridge.opening import config_values
from vesicle_bridge.wire import to_wire

results = []
for text in json.load(sys.stdin):
    try:
        results.append({"wire": to_wire(config_values(yaml.safe_load(text)))})
    except ConfigError as error:
        results.append({"path": list(error.path or ()), "message": error.msg})
    except Exception as error:
        results.append({"message": f"PyYAML: {error}"})
json.dump(results, sys.stdout)
