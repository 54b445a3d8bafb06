/**
 * Patches of the editor's binding: the cursors of other people, which are data from strangers.
 */

/** @type {import("./patches.mjs").Patch[]} */
export const CURSORS = [
  {
    why: `A document that begins with a list, a quote or a line was opened with a caret between its
        blocks, where nothing can be typed; the browser's console has a warning. The caret is in the
        nearest text.`,
    from: "tr.setSelection(TextSelection.create(tr.doc, clampedAnchor, clampedHead));",
    to: `tr.setSelection(
          TextSelection.between(tr.doc.resolve(clampedAnchor), tr.doc.resolve(clampedHead))
        );`,
  },
  {
    why: `A cursor is another person's data: the cursor of one who may only read must not stop the
        transaction that shows an edit. One that cannot be shown is left out.`,
    from: `  awareness.getStates().forEach((aw, clientId) => {
    if (!awarenessFilter(y.clientID, clientId, aw)) {
      return
    }
`,
    to: `  const showCursor = (aw, clientId) => {
    if (!awarenessFilter(y.clientID, clientId, aw)) {
      return
    }
`,
  },
  {
    why: `A cursor that points to letters that are not here yet was left out, so that it flickered.
        It stays at the last position that could be found, which follows the text.`,
    from: `      let anchor = relativePositionToAbsolutePosition(
        y,
        ystate.type,
        Y.createRelativePositionFromJSON(aw.cursor.anchor),
        ystate.binding.mapping
      );
      let head = relativePositionToAbsolutePosition(
        y,
        ystate.type,
        Y.createRelativePositionFromJSON(aw.cursor.head),
        ystate.binding.mapping
      );`,
    to: `      let { anchor, head } = shownCursor(awareness, clientId, aw.cursor, (end) =>
        relativePositionToAbsolutePosition(
          y,
          ystate.type,
          Y.createRelativePositionFromJSON(end),
          ystate.binding.mapping
        ));`,
  },
  {
    why: `The cursors of others vanished at each Enter of one's own, until they moved. They stay, as
        the change maps them.`,
    from: `          // Hide stale awareness until the collaborator publishes its new cursor.
          return DecorationSet.empty`,
    to: `          return prevState.map(tr.mapping, tr.doc)`,
  },
  {
    why: "The same: the cursor's own element.",
    from: "Decoration.widget(head, () => createCursor(user, clientId), {",
    to: "Decoration.widget(head, () => cursorOrNothing(createCursor, user, clientId), {",
  },
  {
    why: "The same: no place before the text.",
    from: "anchor = math.min(anchor, maxsize);\n        head = math.min(head, maxsize);",
    to: "anchor = math.max(math.min(anchor, maxsize), 0);\n        head = math.max(math.min(head, maxsize), 0);",
  },
  {
    why: "The same: the end of what shows one cursor.",
    from: `      }
    }
  });
  return DecorationSet.create(state.doc, decorations)
};`,
    to: `      }
    }
  };
  awareness.getStates().forEach((aw, clientId) => {
    const { length } = decorations;
    try {
      showCursor(aw, clientId);
    } catch (e) {
      decorations.length = length;
      console.debug('A cursor could not be shown:', e);
    }
  });
  forgetCursors(awareness);
  return DecorationSet.create(state.doc, decorations)
};
const lastCursors = new WeakMap();
const shownCursor = (awareness, clientId, cursor, resolve) => {
  const last = lastCursors.get(awareness) ?? new Map();
  lastCursors.set(awareness, last);
  const endsOfCursor = (one) => {
    try {
      const [anchor, head] = [resolve(one.anchor), resolve(one.head)];
      return anchor === null || head === null ? null : { anchor, head }
    } catch (e) {
      return null
    }
  };
  const found = endsOfCursor(cursor);
  if (found !== null) {
    last.set(clientId, cursor);
    return found
  }
  const kept = last.get(clientId);
  return (kept && endsOfCursor(kept)) || { anchor: null, head: null }
};
const forgetCursors = (awareness) => {
  const states = awareness.getStates();
  for (const clientId of [...(lastCursors.get(awareness)?.keys() ?? [])]) {
    if (!states.get(clientId)?.cursor) lastCursors.get(awareness).delete(clientId);
  }
};
const cursorOrNothing = (createCursor, user, clientId) => {
  try {
    return createCursor(user, clientId)
  } catch (e) {
    return document.createElement('span')
  }
};`,
  },
];
