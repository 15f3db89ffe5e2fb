using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Wasm.Wasi;

/// <summary>A file or folder that a module sees. All are read-only; names are resolved here, part by part, and no link is followed below an input.</summary>
internal abstract record WasiNode
{
    private WasiNode()
    {
    }

    /// <summary>Names in a folder in one order on every machine, with what they are.</summary>
    public virtual IReadOnlyList<(string Name, WasiNode Node)> Children() => [];

    /// <summary>What a name in a folder is.</summary>
    public virtual WasiErrno Find(string name, out WasiNode? node)
    {
        node = null;
        return WasiErrno.NotDirectory;
    }

    /// <summary>A folder that is made of names for other things.</summary>
    public sealed record Made(IReadOnlyDictionary<string, WasiNode> Nodes) : WasiNode
    {
        public override IReadOnlyList<(string Name, WasiNode Node)> Children() => [.. Nodes.OrderBy(node => node.Key, StringComparer.Ordinal).Select(node => (node.Key, node.Value))];

        public override WasiErrno Find(string name, out WasiNode? node) => Nodes.TryGetValue(name, out node) ? WasiErrno.Success : WasiErrno.NoEntry;
    }

    /// <summary>A folder of this machine.</summary>
    public sealed record Folder(string Path) : WasiNode
    {
        public override IReadOnlyList<(string Name, WasiNode Node)> Children() =>
            [.. Directory.EnumerateFileSystemEntries(Path)
                .Select(path => (Name: System.IO.Path.GetFileName(path), Node: Of(path)))
                .Where(entry => entry.Node is not null)
                .OrderBy(entry => entry.Name, StringComparer.Ordinal)
                .Select(entry => (entry.Name, entry.Node!))];

        public override WasiErrno Find(string name, out WasiNode? node)
        {
            string path = System.IO.Path.Combine(Path, name);
            node = Of(path);
            return node is not null ? WasiErrno.Success : System.IO.Path.Exists(path) ? WasiErrno.Loop : WasiErrno.NoEntry;
        }
    }

    /// <summary>A file of this machine.</summary>
    public sealed record Content(string Path) : WasiNode;

    /// <summary>What lies at a path that the owner of this machine named; it may be a link.</summary>
    public static WasiNode OfOwner(string path) => Directory.Exists(path) ? new Folder(path) : new Content(path);

    /// <summary>What lies at a path below an input; null: nothing, or a link.</summary>
    private static WasiNode? Of(string path)
    {
        try
        {
            FileAttributes attributes = File.GetAttributes(path);
            return attributes.HasFlag(FileAttributes.ReparsePoint) ? null
                : attributes.HasFlag(FileAttributes.Directory) ? new Folder(path)
                : new Content(path);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return null;
        }
    }
}
