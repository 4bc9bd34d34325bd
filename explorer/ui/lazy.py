"""What lies in closed tabs and accordions: Gradio fetches its code with the page, unless they say otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr
from gradio.blocks import Block, BlockContext

SHOW_ONCE = """() => {{
  const opened = (window.explorerOpened ??= new Set());
  if (opened.has({opened})) return;
  opened.add({opened});
  return Array({parts}).fill({{ __type__: "update", visible: true }});
}}"""


def lazy(opened: gr.Tab | gr.Accordion) -> None:
    """Leave what lies in a closed tab or accordion out of the page until it is opened for the first time.

    To be called when all of it is there. Gradio fetches the code of whatever is visible by its own props, be it in a
    closed tab or not; what is invisible itself stays so.
    """
    inside = list(within(opened))
    for block in inside:
        if isinstance(block, gr.Accordion) and is_closed(block):
            lazy(block)
    parts = [block for block in inside if block.visible is True]
    for part in parts:
        part.visible = False
    show = SHOW_ONCE.format(opened=opened._id, parts=len(parts))
    event = opened.expand if isinstance(opened, gr.Accordion) else opened.select
    event(None, None, parts, js=show, queue=False, show_progress="hidden", api_visibility="private")


def within(context: BlockContext) -> Iterator[Block]:
    """All that lies in it but not in a closed accordion of its own."""
    for block in context.children:
        yield block
        if isinstance(block, BlockContext) and not is_closed(block):
            yield from within(block)


def is_closed(block: Block) -> bool:
    return isinstance(block, gr.Accordion) and not block.open
