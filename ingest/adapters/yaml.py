"""YAML of untrusted files, read by PyYAML as plain values only."""

import yaml  # type: ignore[import-untyped]  # ships no types

DEEPEST = 20  # chosen: labels nest once or twice


class NotPlainYaml(ValueError):
    """The text is not YAML, or more than plain values."""


def read_plain_yaml(text: str) -> object:
    """The value of a YAML text without tags, anchors or aliases. Raises NotPlainYaml."""
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise NotPlainYaml(f"nested deeper than {DEEPEST}")
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise NotPlainYaml("it uses anchors or aliases")
        return yaml.safe_load(text)
    except NotPlainYaml:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotPlainYaml(" ".join(str(error).split())[:100]) from error
