// Audits a GraphQL endpoint against the GraphQL-over-HTTP specification: node audit.mjs URL
// All audits must pass, the ones that say SHOULD and MAY too, and there must be as many of them as we know of.
import { auditServer } from "graphql-http";

const KNOWN = 61;

const [url] = process.argv.slice(2);
if (!url) {
  console.error("usage: node audit.mjs URL");
  process.exit(2);
}

const results = await auditServer({ url });
const failed = results.filter((result) => result.status !== "ok");
for (const { id, name, status, reason } of failed) {
  console.log(`${status} ${id} ${name}: ${reason}`);
}
const passed = results.length - failed.length;
console.log(`${passed} passed, ${failed.length} failed`);
if (results.length !== KNOWN) {
  console.log(`There are ${results.length} audits, not ${KNOWN}.`);
}
process.exit(failed.length === 0 && results.length === KNOWN ? 0 : 1);
