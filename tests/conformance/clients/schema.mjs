// schema.graphql in the hands of graphql-js: it is valid, it is what the server says of itself, every document that is
// kept fits it, and Relay could page through it and find things again by their id.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  buildClientSchema,
  buildSchema,
  findBreakingChanges,
  findDangerousChanges,
  getIntrospectionQuery,
  isObjectType,
  parse,
  validate,
  validateSchema,
} from "graphql";

const checkout = new URL("../../../", import.meta.url);
const schema = buildSchema(read("schema.graphql"));
const objects = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !type.name.startsWith("__"));
const connections = objects.filter((type) => type.name.endsWith("Connection"));

test("schema.graphql is valid", () => {
  assert.deepEqual(validateSchema(schema), []);
});

test("each operator's server says the same of itself", async () => {
  for (const url of process.env.KONTANT_URLS.split(" ")) {
    const body = JSON.stringify({ query: getIntrospectionQuery() });
    const headers = { "Content-Type": "application/json" };
    const { data } = await (await fetch(`${url}/graphql`, { method: "POST", headers, body })).json();
    const served = buildClientSchema(data);
    for (const [before, after] of [[schema, served], [served, schema]]) {
      assert.deepEqual([...findBreakingChanges(before, after), ...findDangerousChanges(before, after)], []);
    }
  }
});

test("every document that is kept fits it", () => {
  const documents = readdirSync(new URL("bench/documents/", checkout)).filter((name) => name.endsWith(".graphql"));
  assert.ok(documents.length > 0);
  for (const name of documents) {
    assert.deepEqual(validate(schema, parse(read(`bench/documents/${name}`))), [], name);
  }
});

test("things are found again as Relay does it", () => {
  assert.deepEqual(fieldsOf("Node"), { id: "ID!" });
  const { node, nodes } = schema.getQueryType().getFields();
  assert.deepEqual([String(node.type), argumentsOf(node)], ["Node", { id: "ID!" }]);
  assert.deepEqual([String(nodes.type), argumentsOf(nodes)], ["[Node]!", { ids: "[ID!]!" }]);
  assert.ok(schema.getPossibleTypes(schema.getType("Node")).length > 0);
});

test("lists are paged through as Relay does it", () => {
  const { hasNextPage, hasPreviousPage, startCursor, endCursor } = fieldsOf("PageInfo");
  assert.deepEqual([hasNextPage, hasPreviousPage, startCursor, endCursor], ["Boolean!", "Boolean!", "String", "String"]);
  assert.ok(connections.length > 0);
  for (const connection of connections) {
    const { pageInfo, edges, nodes } = fieldsOf(connection.name);
    const edge = /^\[(\w+Edge)!\]!$/.exec(edges)?.[1];
    assert.ok(edge, `${connection.name}.edges is ${edges}`);
    assert.equal(pageInfo, "PageInfo!", connection.name);
    assert.equal(fieldsOf(edge).cursor, "String!", edge);
    assert.equal(nodes, `[${fieldsOf(edge).node}]!`, connection.name);
  }
});

test("each connection is asked for with first and after, and neither must be given", () => {
  const asked = objects.flatMap((type) => Object.values(type.getFields())).filter(isConnection);
  assert.ok(asked.length >= connections.length);
  for (const field of asked) {
    const { first, after } = argumentsOf(field);
    assert.deepEqual({ first, after }, { first: "Int", after: "String" }, field.name);
  }
});

function read(path) {
  return readFileSync(new URL(path, checkout), "utf8");
}

function isConnection(field) {
  return /Connection!?$/.test(String(field.type));
}

/** The names of a type's fields, and the types of those. */
function fieldsOf(name) {
  const fields = Object.values(schema.getType(name).getFields());
  return Object.fromEntries(fields.map((field) => [field.name, String(field.type)]));
}

function argumentsOf(field) {
  return Object.fromEntries(field.args.map((argument) => [argument.name, String(argument.type)]));
}
