// Prints whether a thread takes what another thread of its process writes for abandoned: true or false
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { isOwnerGone, ownId } from '../../../.endurance/dist/content/owner-id.js';

if (isMainThread) new Worker(new URL(import.meta.url), { workerData: ownId() });
else console.log(isOwnerGone(workerData));
