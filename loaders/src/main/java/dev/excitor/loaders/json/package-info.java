/// JSON of strangers: parsed within limits, looked up with types: [JsonFile].
package dev.excitor.loaders.json;
