using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Bencode;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Metainfo;

/// <summary>Reads the <c>file tree</c> of a v2 torrent (BEP 52). Its depth is bounded by that of a path.</summary>
internal static class FileTreeReader
{
    public static bool TryRead(BDictionary info, [NotNullWhen(true)] out FileList? files, [NotNullWhen(false)] out string? fault)
    {
        files = null;
        if (!info.TryGetDictionary("file tree"u8, out BDictionary? tree))
        {
            fault = "'file tree' is missing";
            return false;
        }

        var items = new List<RawFile>();
        if (!TryReadFolder(tree, [], items, out fault))
        {
            return false;
        }

        if (items.Count == 0)
        {
            fault = "'file tree' holds no files";
            return false;
        }

        files = new FileList(items, IsFolder: tree.Entries.Count != 1 || items[0].Path.Count != 1);
        return true;
    }

    private static bool TryReadFolder(BDictionary folder, ReadOnlyMemory<byte>[] path, List<RawFile> items, [NotNullWhen(false)] out string? fault)
    {
        fault = null;
        if (path.Length == TaskLimitsOfFormat.MaxPathDepth)
        {
            fault = $"'file tree' is deeper than {TaskLimitsOfFormat.MaxPathDepth}";
            return false;
        }

        foreach (BEntry entry in folder.Entries)
        {
            if (entry.Key.IsEmpty || entry.Value is not BDictionary child)
            {
                fault = "'file tree' has a file where a folder is due";
                return false;
            }

            ReadOnlyMemory<byte>[] childPath = [.. path, entry.Key];
            bool isFile = child.Entries.Count > 0 && child.Entries[0].Key.IsEmpty;
            if (!isFile)
            {
                if (!TryReadFolder(child, childPath, items, out fault))
                {
                    return false;
                }
            }
            else if (child.Entries.Count != 1 || child.Entries[0].Value is not BDictionary properties)
            {
                fault = "'file tree' has something that is a file and a folder";
                return false;
            }
            else if (!TryReadFile(properties, childPath, items, out fault))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadFile(BDictionary properties, ReadOnlyMemory<byte>[] path, List<RawFile> items, [NotNullWhen(false)] out string? fault)
    {
        fault = null;
        TorrentFileKind kind = TorrentInfoReader.KindOf(properties);
        long length = 0;
        if (items.Count == TorrentLimits.MaxFiles)
        {
            fault = $"'file tree' holds more than {TorrentLimits.MaxFiles} files";
        }
        else if (kind == TorrentFileKind.Padding)
        {
            fault = "'file tree' has a padding file";
        }
        else if (!properties.TryGetInteger("length"u8, 0, TorrentLimits.MaxTotalLength, out length)
            && (kind != TorrentFileKind.Symlink || properties["length"u8] is not null))
        {
            fault = $"file {items.Count} has no 'length' from 0 to {TorrentLimits.MaxTotalLength}";
        }
        else if (kind == TorrentFileKind.Symlink && length != 0)
        {
            fault = $"file {items.Count} is a symbolic link with a length";
        }

        Hash256 root = Hash256.Zero;
        if (fault is null && length > 0)
        {
            bool hasRoot = properties.TryGetBytes("pieces root"u8, Hash256.Size, out ReadOnlyMemory<byte> bytes) && bytes.Length == Hash256.Size;
            root = hasRoot ? new Hash256(bytes.Span) : Hash256.Zero;
            fault = root == Hash256.Zero ? $"file {items.Count} has no 'pieces root'" : null;
        }

        items.Add(new RawFile(path, length, kind, root));
        return fault is null;
    }
}
