/**
 * Where everything lies in the shared memory of what a pool has beside its queues: `JobTable`, `IdleSet` and `Inboxes`. How to read a description:
 * `Layout.ts`.
 */
import { define } from "./Layout.ts"

/** Byte offsets in the row of a submitter of `JobTable`: what workers push to and what the submitter says lies on lines of its own. */
export const JOB_ROW = { finished: 0, taken: 128, left: 132, heirs: 136 }

/** Bytes of a row of a submitter. */
export const JOB_ROW_BYTES = 256

/** Byte offsets in a slot of `JobTable`. */
export const JOB_SLOT = {
  state: 0,
  next: 4,
  withdrawn: 8,
  message: 12,
  bytes: 16,
  begun: 20,
  deadline: 24,
  payload: 32,
  reply: 40,
  queued: 48,
  level: 56,
  draft: 60,
  room: 64
}

/** Byte offsets in what says how long the job of a slot of `JobTable` may run. */
export const JOB_RUN = { limit: 0, start: 4 }

/** Bytes of that. */
export const JOB_RUN_BYTES = 8

/** `JobTable`. */
export const jobTable = define({
  name: "JobTable",
  magic: "JOBS",
  version: 11,
  lines: [
    {
      by: "creator",
      words: {
        submitters: "number of threads that can submit",
        jobs: "slots of each of them, a power of two",
        slotBytes: "bytes of a slot, a multiple of 128",
        workers: "number of workers"
      }
    },
    {
      by: "who looks after the workers",
      words: {
        phase:
          "-1 takes jobs and begins none, 0 takes jobs, 1 takes no more, 2 workers are being stopped, 3 nothing runs any more",
        changes:
          "bits 0-15 how often an incarnation of a worker was about to start, or their number was another one, 16-31 how often one has ended",
        membership: "bits 0-7 how many workers are given jobs, 8-31 how often that was another number"
      }
    },
    {
      by: "submitters",
      words: { successions: "how often a row has become another thread's, of all rows, as a wrapping Int32" }
    }
  ],
  parts: [
    {
      name: "workers",
      bytes: "workers x 4, up to the next multiple of 128",
      about: "the number of the incarnation that is there, 0 for none; stored by who looks after them"
    },
    {
      name: "rows",
      bytes: "submitters x 256",
      about: "one a submitter",
      words: {
        finished: "head of the list of slots that come back to it: slot + 1, or 0",
        taken:
          "what the submitter took out of the list last: its head, as in `finished`; 0 once it is done with all of it",
        left: "how many of these, from the head on, it is not done with; -1 for all, whose number it does not know yet",
        heirs: "how often the row has become another thread's, as a wrapping Int32"
      },
      at: JOB_ROW
    },
    {
      name: "slots",
      bytes: "submitters x jobs x slotBytes",
      about: "one job each: its submitter has it while it is free, a worker while it runs",
      words: {
        state:
          "bits 0-3 stage; 4-19 number of the incarnation that has taken it, while it waits in 4-10 the place + 1 of the worker that it is for, 0 for any; 20-31 generation, one more each time that it is used",
        next:
          "the slot behind it in the list of those that come back, + 1; 0 for none. While it waits: in which order it was sent, where its submitter keeps it back",
        withdrawn: "state word, without the worker, of a job that was begun when its asker has gone",
        message: "index of the message; 256 more for a job that nobody waits for; what lies above it is the caller's",
        bytes: "of the payload, then of the outcome",
        begun: "how often a worker has begun it",
        deadline: "Float64: when nobody waits for it any more, in monotonic milliseconds, or Infinity",
        payload: "Float64: handle of the payload in the arena, -1 where it lies in the slot",
        reply: "Float64: handle of the outcome in the arena, -1 where it lies in the slot",
        queued: "Float64: when it was asked for, in monotonic milliseconds; NaN when nobody has looked",
        level:
          "bits 0-7 as its submitter has said, what it means is the caller's; 8 whether it has a word among the runs",
        draft:
          "what is being written there, for who finds that its writer has died: what it means is the caller's; 0 once the slot is freed",
        room: "the payload, then the outcome"
      },
      at: JOB_SLOT
    },
    {
      name: "runs",
      bytes: "submitters x jobs x 8",
      about: "for each slot, of a job that may run for so long and no longer; not looked at for any other",
      words: {
        limit: "how long, in milliseconds; stored by its submitter before it waits",
        start:
          "when its handler was called, as the worker that has it writes it down; 0 before that, and while it waits again"
      },
      at: JOB_RUN
    }
  ]
})

/** `IdleSet`. */
export const idleSet = define({
  name: "IdleSet",
  magic: "IDLE",
  version: 1,
  lines: [
    { by: "creator", words: { workers: "number of workers, 1 to 64" } },
    {
      by: "everybody",
      words: { searching0: "a bit for each worker below 32 that looks for work", searching1: "the others" }
    },
    {
      by: "everybody",
      words: { sleeping0: "a bit for each worker below 32 that sleeps, or is about to", sleeping1: "the others" }
    }
  ],
  parts: []
})

/** Byte offsets in the row of a worker of `Inboxes`: what senders store lies on a line of its own. */
export const INBOX_ROW = { arrivals: 0, levelled: 4, running: 128 }

/** Bytes of a row of a worker. */
export const INBOX_ROW_BYTES = 256

/** Groups of keys that have a worker of their own. */
export const INBOX_HOMES = 4096

/** Byte offsets in what says where a lane of `Inboxes` is: the reader's word, and the writer's, on lines of their own. */
export const INBOX_LANE = { head: 0, tail: 128, reader: 132 }

/** Bytes of that. */
export const INBOX_LANE_BYTES = 256

/** `Inboxes`. */
export const inboxes = define({
  name: "Inboxes",
  magic: "INBX",
  version: 2,
  lines: [
    {
      by: "creator",
      words: {
        submitters: "number of threads that can submit",
        jobs: "slots of each lane, a power of two",
        workers: "number of workers",
        levels: "lanes of each submitter for a worker"
      }
    }
  ],
  parts: [
    {
      name: "workers",
      bytes: "workers x 256",
      about: "one a worker",
      words: {
        arrivals: "changes that a worker has to look at, as a wrapping Int32; counted by submitters",
        levelled: "1 once something has come at another level than the first; stored by submitters",
        running: "how many jobs it has begun and not ended; stored by the worker"
      },
      at: INBOX_ROW
    },
    {
      name: "homes",
      bytes: "16384",
      about:
        "a word for each of 4,096 groups of keys: the worker that it was given, + 1; 0 before its first job; stored by submitters"
    },
    {
      name: "lanes",
      bytes: "workers x submitters x levels x (256 + jobs x 4), each up to the next multiple of 128",
      about:
        "for each worker and submitter, those of the first worker first: the words of its lanes, one a level, and behind them the slots of each, which are numbers of slots of `JobTable`",
      words: {
        head: "position of the oldest slot; stored by the worker, and while nobody reads by the submitter",
        tail: "position behind the newest; stored by the submitter",
        reader:
          "of the first level, for all: number of the incarnation of the worker that may read; stored by the submitter"
      },
      at: INBOX_LANE
    }
  ]
})

/** `KeyHolds`. */
export const keyHolds = define({
  name: "KeyHolds",
  magic: "HOLD",
  version: 1,
  lines: [
    { by: "creator", words: { keys: "number of keys" } },
    {
      by: "workers",
      words: { lifts: "how often a key was let go that another worker wanted, as a wrapping Int32" }
    }
  ],
  parts: [
    {
      name: "keys",
      bytes: "keys x 4",
      about:
        "a word for each key: bits 0-6 the place + 1 of the worker that runs a job of it, 0 for none; bit 7 whether another one wants to"
    }
  ]
})

/** Byte offsets in the row of a worker of `JobMeters`. */
export const METER_ROW = {
  jobs: 0,
  stolen: 8,
  sleeps: 16,
  busyMicros: 24,
  running: 32,
  busySince: 36,
  starts: 40,
  incarnation: 44,
  openStreams: 48,
  waited: 64,
  ran: 576,
  loopMicros: 1088,
  elsewhereMicros: 1096
}

/** Bytes of a row. */
export const METER_ROW_BYTES = 1152

/** `JobMeters`. */
export const jobMeters = define({
  name: "JobMeters",
  magic: "METR",
  version: 3,
  lines: [{ by: "creator", words: { workers: "number of workers" } }],
  parts: [
    {
      name: "rows",
      bytes: "workers x 1152",
      about: "one a worker, written by the incarnation that is there, and read by anybody",
      words: {
        jobs: "jobs that have ended there, in two words: 31 bits and the lowest bit of the other, then the rest",
        stolen: "jobs taken out of queues of others, in two words",
        sleeps: "how often it has gone to sleep, in two words",
        busyMicros: "microseconds in which it had a job, up to the last time that it had none, in two words",
        running: "jobs that it has begun and that have not ended",
        busySince:
          "when it has had none last, in milliseconds of the pool + 1, as a wrapping Int32; 0 while it has none",
        starts: "incarnations that have been there",
        incarnation: "the number of the last of them",
        openStreams: "streams that it has made and that have not ended",
        waited: "128 counts: jobs by the time from their submission to their begin, see `bucketOf`",
        ran: "128 counts: jobs by the time from their begin to their end",
        loopMicros:
          "microseconds in which its event loop was not idle, as it has said last, in two words; 0 where nobody knows",
        elsewhereMicros:
          "microseconds in which it had no job, and its event loop was busy with something else than looking for one, in two words"
      },
      at: METER_ROW
    }
  ]
})
