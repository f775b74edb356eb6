// Audits each address in KONTANT_URLS against the GraphQL-over-HTTP specification.
// All audits must pass, the ones that say SHOULD and MAY too, and there must be as many of them as we know of.
import { auditServer } from "graphql-http";

const KNOWN = 61;

async function audit(address) {
  const results = await auditServer({ url: `${address}/graphql` });
  const failed = results.filter((result) => result.status !== "ok");
  for (const { id, name, status, reason } of failed) {
    console.log(`${status} ${id} ${name}: ${reason}`);
  }
  console.log(`${address}: ${results.length - failed.length} passed, ${failed.length} failed`);
  if (results.length !== KNOWN) {
    console.log(`There are ${results.length} audits, not ${KNOWN}.`);
  }
  return failed.length === 0 && results.length === KNOWN;
}

const addresses = (process.env.KONTANT_URLS ?? "").split(" ").filter(Boolean);
if (addresses.length === 0) {
  console.error("KONTANT_URLS must name the addresses to audit, such as http://localhost:8000.");
  process.exit(2);
}
let passed = true;
for (const address of addresses) {
  passed = (await audit(address)) && passed;
}
process.exit(passed ? 0 : 1);
