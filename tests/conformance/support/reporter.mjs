// Reports Node's tests in few words: each by its name, why one failed, and how many of both.
import { inspect } from "node:util";

export default async function* report(events) {
  const count = { passed: 0, failed: 0 };
  for await (const { type, data } of events) {
    if (type === "test:pass") {
      count.passed += 1;
      yield `ok      ${data.name}\n`;
    } else if (type === "test:fail") {
      count.failed += 1;
      const { error } = data.details;
      yield `FAILED  ${data.name}\n${inspect(error.cause ?? error)}\n`;
    }
  }
  yield `${count.passed} passed, ${count.failed} failed\n`;
}
