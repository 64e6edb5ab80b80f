/**
 * All cases in the order in which they run.
 */
import type { Case } from "../runner/Case.ts"
import { askLocal } from "./actor/ask-local.ts"
import { askRemoteParked, askRemoteParkedWarm } from "./actor/ask-remote-parked.ts"
import { askRemotePipelined } from "./actor/ask-remote-pipelined.ts"
import { askRemote } from "./actor/ask-remote.ts"
import { firstAsk } from "./actor/first-ask.ts"
import { idleCpu } from "./actor/idle-cpu.ts"
import { shapes } from "./actor/shapes.ts"
import { memory, spawn, spawnMillion } from "./actor/spawn.ts"
import { streamRemote, streamRemoteBatched } from "./actor/stream-remote.ts"
import { survive } from "./actor/survive.ts"
import { tellLocalSuspends } from "./actor/tell-local-suspends.ts"
import { tellLocalSync } from "./actor/tell-local-sync.ts"
import { tellLocal } from "./actor/tell-local.ts"
import { tellRemoteEffect } from "./actor/tell-remote-effect.ts"
import { tellRemote } from "./actor/tell-remote.ts"
import { local, localBatched } from "./channel/local.ts"
import { remote } from "./channel/remote.ts"
import { compileCase } from "./codec/compile.ts"
import { read } from "./codec/read.ts"
import { write } from "./codec/write.ts"
import { arena } from "./memory/arena.ts"
import { broadcast } from "./memory/broadcast.ts"
import { mpmcs } from "./memory/mpmc.ts"
import { mpscs } from "./memory/mpsc.ts"
import { spscBatched } from "./memory/spsc-batched.ts"
import { spscSingle } from "./memory/spsc-single.ts"
import { stealAlone } from "./memory/steal-alone.ts"
import { stealThief } from "./memory/steal-thief.ts"
import { burst, computings, forks, skewed, trips, tripsAsleep, trivial } from "./pool/loads.ts"
import { actor } from "./restart/actor.ts"
import { thread, threadBundled, threadStandby } from "./restart/thread.ts"
import { systems } from "./system/threads.ts"
import { off } from "./trace/off.ts"
import { on } from "./trace/on.ts"
import { cpus } from "./wait/cpu.ts"
import { latencies } from "./wait/latency.ts"
import { oversubscribed } from "./wait/oversubscribed.ts"

/** See the module. */
export const cases: ReadonlyArray<Case> = [
  spscBatched,
  spscSingle,
  ...mpscs,
  ...mpmcs,
  broadcast,
  stealAlone,
  stealThief,
  arena,
  ...latencies,
  ...cpus,
  oversubscribed,
  ...write,
  ...read,
  compileCase,
  local,
  localBatched,
  remote,
  tellLocal,
  tellLocalSync,
  tellLocalSuspends,
  ...shapes,
  askLocal,
  tellRemote,
  tellRemoteEffect,
  survive,
  askRemote,
  askRemoteParked,
  askRemoteParkedWarm,
  firstAsk,
  askRemotePipelined,
  streamRemote,
  streamRemoteBatched,
  spawn,
  spawnMillion,
  memory,
  idleCpu,
  off,
  on,
  actor,
  thread,
  threadStandby,
  threadBundled,
  ...systems,
  trivial,
  burst,
  ...computings,
  skewed,
  forks,
  trips,
  tripsAsleep
]
