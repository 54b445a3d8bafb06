/** The functions that the patches of unknown content call (`unknown_content_patches.mjs`). */

/** @type {import("./patches.mjs").Patch} */
export const BOX_FUNCTIONS = {
  why: "Functions that the patches above call.",
  from: "const createTextNodesFromYText = (",
  to: `const unknownContent = (meta) => {
  meta.stop?.('content');
  return null
};
const boxed = new WeakSet();
const copiesOfBoxes = new WeakMap();
const otherAttributes = new WeakMap();
const knownType = (schema, name) => {
  const type = Object.hasOwn(schema.nodes, name) ? schema.nodes[name] : null;
  return type === null || type.isText || type.spec.isUnknown || type === schema.topNodeType ? null : type
};
const isBox = (node) => node.type?.spec.isUnknown === true;
const placeOf = (type) => {
  if (type._item === null) return null
  const { client, clock } = type._item.id;
  return copiesOfBoxes.get(type) ?? client + '-' + clock
};
const isBoxOf = (node, type) => isBox(node) && node.attrs.of === placeOf(type);
const boxOf = (type, schema, isInline, meta) => {
  const box = schema.nodes[isInline ? 'unknown-inline' : 'unknown-block'];
  if (box === undefined) return unknownContent(meta)
  const node = box.create({ of: placeOf(type), name: type.nodeName ?? '' });
  boxed.add(type);
  meta.hasBoxes = true;
  meta.mapping.set(type, node);
  return node
};
const described = (type) => {
  if (type instanceof Y.XmlText) return { delta: type.toDelta() }
  if (!(type instanceof Y.XmlElement)) return { copy: type.clone() }
  return { name: type.nodeName, attributes: type.getAttributes(), children: type.toArray().map(described) }
};
const fromDescription = ({ name, attributes, children, delta, copy }) => {
  if (copy) return copy
  const type = delta ? new Y.XmlText() : new Y.XmlElement(name);
  if (delta) {
    type.applyDelta(delta);
    return type
  }
  for (const key in attributes) type.setAttribute(key, attributes[key]);
  type.insert(0, children.map(fromDescription));
  return type
};
const noteBoxes = (types, meta) => {
  if (!meta.hasBoxes) return
  for (const type of types) {
    if (boxed.has(type)) (meta.descriptions ??= new Map()).set(placeOf(type), described(type));
    else if (type instanceof Y.XmlElement) noteBoxes(type.toArray(), meta);
  }
};
const unboxed = (node, meta) => {
  const { of } = node.attrs;
  const original = [...meta.mapping.keys()].find((type) => isBoxOf(node, type) && !type._item.deleted);
  const description = original ? described(original) : meta.descriptions?.get(of);
  if (description === undefined) throw new RangeError('a box that stands for nothing')
  const type = fromDescription(description);
  copiesOfBoxes.set(type, of);
  boxed.add(type);
  meta.mapping.set(type, node);
  return type
};
const equalValues = (a, b) => a === b || (isObject(a) && isObject(b) && equalAttrs(a, b));
const isShown = (attribute, value) => {
  if (attribute === undefined || value === undefined) return false
  if (attribute.validate === undefined) return !isObject(value)
  try {
    attribute.validate(value);
    return true
  } catch (e) {
    return false
  }
};
const shownAttributes = (attributes, type) => {
  const shown = {};
  for (const key in attributes) {
    const attribute = Object.hasOwn(type.attrs, key) ? type.attrs[key] : undefined;
    if (isShown(attribute, attributes[key])) shown[key] = attributes[key];
  }
  return shown
};
const hasAttributes = (ytype, { attrs, type }) => {
  const shown = shownAttributes(ytype.getAttributes(), type);
  return Object.keys(attrs).every((key) => equalValues(shown[key] ?? type.attrs[key].default, attrs[key]))
};
const withOthers = (node, el) => {
  const attributes = el.getAttributes();
  const others = Object.keys(attributes).filter((key) => !Object.hasOwn(node.type.attrs, key));
  if (others.length > 0) otherAttributes.set(node.attrs, Object.fromEntries(others.map((key) => [key, attributes[key]])));
  return node
};
const typesIn = new WeakMap();
const childTypes = (type) => {
  let found = typesIn.get(type);
  if (found !== undefined) return found
  found = new Set();
  const matches = new Set([type.contentMatch]);
  for (const match of matches) {
    for (let at = 0; at < match.edgeCount; at++) {
      const edge = match.edge(at);
      found.add(edge.type);
      matches.add(edge.next);
    }
  }
  typesIn.set(type, found);
  return found
};
const completedNode = (el, type, parts, meta) => {
  const completed = (content) => {
    try {
      const node = type.createAndFill(shownAttributes(el.getAttributes(), type), content);
      return node !== null && type.validContent(node.content) && !type.spec.isTooLarge?.(node) ? withOthers(node, el) : null
    } catch (e) {
      return null
    }
  };
  const whole = completed(parts.map(([child]) => child));
  if (whole !== null) return whole
  const fits = ([child]) => childTypes(type).has(child.type) && type.allowsMarks(child.marks);
  const wrong = new Set(parts.filter((part) => !fits(part)).map(([, part]) => part));
  const shown = new Set();
  const content = [];
  for (const [child, part] of parts) {
    if (!wrong.has(part)) content.push(child);
    else if (!shown.has(part)) content.push(boxOf(part, type.schema, type.inlineContent, meta));
    shown.add(part);
  }
  return content.includes(null) ? null : completed(content)
};
const shownMarks = (attributes, schema, meta) => {
  const marks = [];
  for (const name in attributes) {
    const value = attributes[name];
    const known = yattr2markname(name);
    const type = Object.hasOwn(schema.marks, known) ? schema.marks[known] : undefined;
    const isKnown = type !== undefined && !type.spec.isUnknown && isObject(value) &&
      Object.keys(value).every((key) => !Object.hasOwn(type.attrs, key) || isShown(type.attrs[key], value[key]));
    if (isKnown) {
      const others = Object.keys(value).filter((key) => !Object.hasOwn(type.attrs, key));
      const mark = type.create(shownAttributes(value, type));
      if (others.length > 0) otherAttributes.set(mark, Object.fromEntries(others.map((key) => [key, value[key]])));
      marks.push(mark);
    } else if (schema.marks.unknown) marks.push(schema.marks.unknown.create({ name, value }));
    else unknownContent(meta);
  }
  return marks
};
const createTextNodesFromYText = (`,
};
