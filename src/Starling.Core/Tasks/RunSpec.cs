using System.Collections.Generic;
using Starling.Core.Images;

namespace Starling.Core.Tasks;

/// <summary>How a piece is computed: one of the nested forms.</summary>
public abstract record RunSpec
{
    private RunSpec()
    {
    }

    /// <summary>A command for <c>/bin/bash -c</c> (BitWorker's form) or <c>/bin/sh -c</c> where bash is missing.</summary>
    public sealed record Shell(string Command) : RunSpec;

    /// <summary>A function that is built in, safe without walls. Parameters keep the order of canonical bencoding (sorted by key).</summary>
    public sealed record Kernel(string Name, IReadOnlyList<KernelParameter> Parameters) : RunSpec;

    /// <summary>A WebAssembly module: an input's name or a file given at creation, and its arguments.</summary>
    public sealed record Wasm(string Module, IReadOnlyList<string> Arguments) : RunSpec;

    /// <summary>
    /// A container image that is an input, and the command for <c>/bin/sh -c</c> in it. The digest (docs/containers.md) keeps any other image from being run in its place; null only in what an author wrote, until the image was read.
    /// </summary>
    public sealed record Container(string Input, string Command, ImageDigest? Digest) : RunSpec;
}

/// <summary>One parameter of a kernel; the value is a whole number or a text (fractions are texts, so that bencoding is exact).</summary>
public sealed record KernelParameter(string Name, string Value);
