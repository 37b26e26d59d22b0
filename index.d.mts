// What `import` gets: the same names as `require`, from an ES module.
export * from './index.js';
