using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Wasm.Wasi;

/// <summary>What a run may see of the world.</summary>
internal sealed record WasiWorld
{
    /// <summary>The module's name first, then its arguments.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Variables, each <c>NAME=VALUE</c>.</summary>
    public required IReadOnlyList<string> Variables { get; init; }

    /// <summary>The folder <c>/</c>.</summary>
    public required WasiNode Root { get; init; }

    /// <summary>File that standard input reads; null: it is empty.</summary>
    public required string? Input { get; init; }

    /// <summary>Seed of random bytes.</summary>
    public required ReadOnlyMemory<byte> Seed { get; init; }

    /// <summary>Takes standard output; false: no more of it is taken, which ends the run.</summary>
    public required Func<ReadOnlySpan<byte>, bool> Output { get; init; }

    /// <summary>Takes standard error.</summary>
    public required Action<ReadOnlySpan<byte>> Errors { get; init; }
}

/// <summary>Ends a run by the module's own wish.</summary>
internal sealed class WasiExitException(int code) : Exception
{
    public int Code { get; } = code;
}

/// <summary>Ends a run whose output is longer than it may be.</summary>
internal sealed class WasiOutputException : Exception;

/// <summary>The state behind the functions of WASI of one run: its open files, its random bytes.</summary>
internal sealed class WasiHost : IDisposable
{
    /// <summary>Descriptors at once.</summary>
    public const int MaxDescriptors = 256;

    /// <summary>The descriptor of <c>/</c>.</summary>
    public const int Root = 3;

    private readonly WasiDescriptor?[] _descriptors = new WasiDescriptor?[MaxDescriptors];

    public WasiHost(WasiWorld world)
    {
        World = world;
        Random = new WasiRandom(world.Seed);
        Arguments = world.Arguments.Select(Text).ToArray();
        Variables = world.Variables.Select(Text).ToArray();
        _descriptors[0] = new WasiDescriptor.Stream(IsInput: true) { File = world.Input is null ? null : File.OpenHandle(world.Input) };
        _descriptors[1] = new WasiDescriptor.Stream(IsInput: false);
        _descriptors[2] = new WasiDescriptor.Stream(IsInput: false);
        _descriptors[Root] = new WasiDescriptor.Folder(world.Root);
    }

    public WasiWorld World { get; }

    public WasiRandom Random { get; }

    /// <summary>Arguments, each with the zero behind it.</summary>
    public byte[][] Arguments { get; }

    /// <summary>Variables, each with the zero behind it.</summary>
    public byte[][] Variables { get; }

    /// <summary>What a descriptor names; null: nothing.</summary>
    public WasiDescriptor? this[int descriptor] => (uint)descriptor < MaxDescriptors ? _descriptors[descriptor] : null;

    /// <summary>Opens what a path led to.</summary>
    public WasiErrno Open(WasiNode node, out int descriptor)
    {
        descriptor = Array.IndexOf(_descriptors, null);
        if (descriptor < 0)
        {
            return WasiErrno.TooManyFiles;
        }

        try
        {
            _descriptors[descriptor] = node is WasiNode.Content content
                ? new WasiDescriptor.Open(content) { File = File.OpenHandle(content.Path) }
                : new WasiDescriptor.Folder(node);
            return WasiErrno.Success;
        }
        catch (FileNotFoundException)
        {
            return WasiErrno.NoEntry;
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return WasiErrno.Access;
        }
    }

    /// <summary>Closes a descriptor.</summary>
    public WasiErrno Close(int descriptor)
    {
        if (this[descriptor] is not { } open)
        {
            return WasiErrno.BadDescriptor;
        }

        open.File?.Dispose();
        _descriptors[descriptor] = null;
        return WasiErrno.Success;
    }

    /// <summary>Gives a descriptor another number.</summary>
    public WasiErrno Renumber(int from, int to)
    {
        if (this[from] is not { } moved || this[to] is null)
        {
            return WasiErrno.BadDescriptor;
        }

        if (from != to)
        {
            Close(to);
            _descriptors[to] = moved;
            _descriptors[from] = null;
        }

        return WasiErrno.Success;
    }

    public void Dispose()
    {
        foreach (WasiDescriptor? descriptor in _descriptors)
        {
            descriptor?.File?.Dispose();
        }
    }

    private static byte[] Text(string text) => [.. Encoding.UTF8.GetBytes(text), 0];
}

/// <summary>An open file.</summary>
internal abstract record WasiDescriptor
{
    private WasiDescriptor()
    {
    }

    /// <summary>The file behind it.</summary>
    public SafeFileHandle? File { get; init; }

    /// <summary>Where the next byte is read.</summary>
    public long Position { get; set; }

    /// <summary>Standard input, output or error: no places to seek to.</summary>
    public sealed record Stream(bool IsInput) : WasiDescriptor;

    /// <summary>A file.</summary>
    public sealed record Open(WasiNode.Content Node) : WasiDescriptor;

    /// <summary>A folder.</summary>
    public sealed record Folder(WasiNode Node) : WasiDescriptor;
}
