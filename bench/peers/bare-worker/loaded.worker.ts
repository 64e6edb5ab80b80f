/**
 * Answers each value with the next, after it has loaded the modules that a worker of ours loads, and does nothing with them.
 */
import "../../ours/actors.ts"
import "./bare-worker.worker.ts"
