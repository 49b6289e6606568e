/**
 * The rules of strict structured output, as the vendor documents them: what a schema may say and how
 * large it may be. For tests; returns every breach in words.
 */
type Node = { readonly [key: string]: unknown };

const allowed = new Set(
  'type properties required additionalProperties items anyOf enum const description minimum maximum minItems maxItems'.split(
    ' ',
  ),
);

/** Every breach of the subset in a schema that is sent. */
export function strictSubsetBreaches(root: unknown): string[] {
  const breaches: string[] = [];
  const counts = { properties: 0, enumValues: 0, characters: 0 };
  const visit = (value: unknown, path: string, depth: number): void => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      breaches.push(`${path}: not a schema`);
      return;
    }
    const node = value as Node;
    if (depth > 10) breaches.push(`${path}: deeper than 10 levels`);
    for (const key of Object.keys(node)) {
      if (!allowed.has(key)) breaches.push(`${path}: keyword ${key}`);
    }
    if (!('type' in node) && !('anyOf' in node)) breaches.push(`${path}: says nothing`);
    if (Array.isArray(node.enum)) {
      counts.enumValues += node.enum.length;
      counts.characters += node.enum.join('').length;
    }
    if (Array.isArray(node.anyOf)) {
      if (node.anyOf.length === 0) breaches.push(`${path}: empty anyOf`);
      for (const [index, item] of node.anyOf.entries()) visit(item, `${path}|${index}`, depth);
    }
    if (node.type === 'array') visit(node.items, `${path}[]`, depth + 1);
    if (node.type === 'object') {
      const properties = (node.properties ?? {}) as Node;
      const names = Object.keys(properties);
      counts.properties += names.length;
      counts.characters += names.join('').length;
      if (node.additionalProperties !== false) breaches.push(`${path}: open object`);
      const required = Array.isArray(node.required) ? node.required : [];
      if (names.some((name) => !required.includes(name)) || required.length !== names.length) {
        breaches.push(`${path}: not every property is required`);
      }
      for (const name of names) visit(properties[name], `${path}.${name}`, depth + 1);
    }
  };
  visit(root, '$', 0);
  const node = root as Node;
  if (node.type !== 'object' || 'anyOf' in node) breaches.push('$: the root is not an object');
  if (counts.properties > 5_000) breaches.push(`${counts.properties} properties`);
  if (counts.enumValues > 1_000) breaches.push(`${counts.enumValues} enum values`);
  if (counts.characters > 120_000) breaches.push(`${counts.characters} characters of names`);
  return breaches;
}
