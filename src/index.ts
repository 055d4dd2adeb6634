export { isOciError } from './errors/index.js';
