"""A definition as a picture: a Mermaid state diagram, or Graphviz's DOT for an SVG."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal

from workflows.definition import Definition
from workflows.labels import Label

Language = Literal["zh", "en"]
LINE_LENGTH = 3  # actions in one line of an arrow's text


def mermaid(definition: Definition, language: Language) -> str:
    """Return the definition as a Mermaid state diagram (stateDiagram-v2)."""
    lines = ["stateDiagram-v2"]
    lines += [
        f'    state "{_quoted(_text(state.label, language))}" as {_id(name)}'
        for name, state in definition.states.items()
    ]
    lines.append(f"    [*] --> {_id(definition.initial)}")
    lines += [
        f"    {_id(source)} --> {_id(target)}: {_joined(labels, language, '<br>')}"
        for (source, target), labels in _ways(definition).items()
    ]
    lines += [
        f"    {_id(name)} --> [*]" for name, state in definition.states.items() if state.final
    ]
    return "\n".join(lines) + "\n"


def dot(definition: Definition, language: Language) -> str:
    """Return the definition as a Graphviz document: stages are boxes, final states are double."""
    lines = [
        f'digraph "{_quoted(definition.key)}" {{',
        f'    label="{_quoted(_text(definition.label, language))} {definition.key}"; labelloc=t;',
        # Ranks over all stages together: by cluster, Graphviz 2.43 gives up on large ones.
        '    graph [fontname="sans-serif", newrank=true];',
        '    edge [fontname="sans-serif", fontsize=10];',
        '    node [shape=box, style=rounded, fontname="sans-serif"];',
    ]
    for stage in definition.stages.values():
        lines.append(f'    subgraph "cluster_{_quoted(stage.name)}" {{')
        limit = "" if stage.limit is None else f" {stage.limit.text}"
        lines.append(
            f'        label="{_quoted(_text(stage.label, language) + limit)}"; color=gray;'
        )
        lines += [f'        "{name}";' for name in definition.states if name in stage.states]
        lines.append("    }")
    for name, state in definition.states.items():
        more = ", peripheries=2" if state.final else ""
        more += ", penwidth=2" if name == definition.initial else ""
        lines.append(f'    "{name}" [label="{_quoted(_text(state.label, language))}"{more}];')
    for (source, target), labels in _ways(definition).items():
        text = _quoted(_joined(labels, language, "\n")).replace("\n", "\\n")
        lines.append(f'    "{source}" -> "{target}" [label="{text}"];')
    return "\n".join(lines) + "\n}\n"


def _ways(definition: Definition) -> Mapping[tuple[str, str], list[Label]]:
    """The actions that lead from a state to another one."""
    ways: dict[tuple[str, str], list[Label]] = defaultdict(list)
    for action in definition.actions.values():
        for source, step in action.steps.items():
            if step.to is not None and step.to != source:
                ways[source, step.to].append(action.label)
    return ways


def _joined(labels: list[Label], language: Language, line_break: str) -> str:
    texts = [_text(label, language) for label in labels]
    rows = [texts[i : i + LINE_LENGTH] for i in range(0, len(texts), LINE_LENGTH)]
    mark = "、" if language == "zh" else ", "
    return line_break.join(mark.join(row) for row in rows)


def _text(label: Label, language: Language) -> str:
    return label.zh if language == "zh" else label.en


def _id(name: str) -> str:
    return name.replace("-", "_")


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "'")
