import './dist/index.js';
const s=performance.now(); await import('@opentelemetry/api'); console.log((performance.now()-s).toFixed(1));
