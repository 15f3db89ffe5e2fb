using System;
using System.Collections.Generic;

namespace Starling.Fuzz.Engine;

/// <summary>
/// Gives one input to what is tested. Returns the bytes that what was understood is encoded to, which must be understood and encoded to the same bytes again; null where
/// the input is refused or what is tested has no encoder. Throws where something is wrong.
/// </summary>
internal delegate byte[]? Pass(ReadOnlyMemory<byte> input);

/// <summary>How inputs are built, so that they can be changed without breaking all of it.</summary>
[Flags]
internal enum InputShape
{
    /// <summary>Bytes.</summary>
    Bytes = 0,

    /// <summary>A bencoded value.</summary>
    Bencode = 1,

    /// <summary>Lines of text.</summary>
    Lines = 2,

    /// <summary>A script of a hostile peer: chunks, each behind its length of two bytes.</summary>
    Script = 4,
}

/// <summary>One parser, or one machine that is fed by strangers.</summary>
internal sealed record FuzzTarget
{
    /// <summary>Names it on the command line, and its corpus.</summary>
    public required string Name { get; init; }

    /// <summary>The types whose reading methods it exercises; a test wants each type that reads bytes from outside here.</summary>
    public required Type[] Covers { get; init; }

    /// <summary>Makes a pass with buffers of its own.</summary>
    public required Func<Pass> Start { get; init; }

    /// <summary>Right inputs, made by the program's own encoders where there are any. Each must be understood.</summary>
    public required Func<IEnumerable<byte[]>> Seeds { get; init; }

    public InputShape Shape { get; init; }

    /// <summary>What is put into inputs: keys, marks, numbers at bounds.</summary>
    public string[] Words { get; init; } = [];

    /// <summary>Bytes of an input at most.</summary>
    public int MaxSize { get; init; } = 1024;

    /// <summary>Whether what is understood has one form only: then the encoding must be the input.</summary>
    public bool IsCanonical { get; init; }

    /// <summary>Whether every seed gives an encoding; false where there is no encoder.</summary>
    public bool Encodes { get; init; } = true;

    /// <summary>Bytes that a pass may allocate for an input of n bytes: this + n · <see cref="AllocationPerByte"/>.</summary>
    public int FixedAllocation { get; init; } = 16 * 1024;

    /// <inheritdoc cref="FixedAllocation"/>
    public int AllocationPerByte { get; init; } = 64;

    /// <summary>Fresh inputs of each run of the fast tests.</summary>
    public int QuickInputs { get; init; } = 10_000;

    public long AllocationBound(int inputSize) => FixedAllocation + ((long)AllocationPerByte * inputSize);
}
