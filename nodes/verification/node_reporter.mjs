// A line of JSON for each test that ended, and for what files of tests printed. Read by nodes/verification/node_tests.py.
export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type === "test:stdout" || type === "test:stderr") yield line({ file: data.file, said: data.message });
    if (type === "test:pass" || type === "test:fail") yield line(outcome(data, type === "test:pass"));
  }
}

function outcome(data, passed) {
  const error = data.details?.error;
  const cause = error?.cause ?? error;
  return {
    name: data.name,
    file: data.file ?? "",
    outcome: data.skip !== undefined ? "skipped" : data.todo !== undefined ? "todo" : passed ? "passed" : "failed",
    as_written: passed,
    suite: data.details?.type === "suite",
    only_inside: error?.failureType === "subtestsFailed",
    message: String(cause?.message ?? cause ?? ""),
    trace: String(cause?.stack ?? ""),
  };
}

function line(value) {
  return JSON.stringify(value) + "\n";
}
