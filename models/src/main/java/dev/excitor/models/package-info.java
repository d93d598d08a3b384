/// Files that come with the program, and where they are put so that they can be mapped.
package dev.excitor.models;
