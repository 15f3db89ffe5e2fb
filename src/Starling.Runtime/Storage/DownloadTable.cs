using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>The downloads that are under way. Used by the store's writer only.</summary>
internal sealed class DownloadTable(TaskFolder folder, StoreFailPoint? failPoint) : IDisposable
{
    private readonly Dictionary<ResultKey, Download> _downloads = [];
    private long _count;

    /// <summary>The download of a result; the first block of one starts it.</summary>
    public Download Of(ResultKey key)
    {
        if (!_downloads.TryGetValue(key, out Download? download))
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"download-{_count++}");
            download = new Download(key.Result, Path.Combine(folder.Temporary, name), failPoint);
            _downloads.Add(key, download);
            if (key.Result.Length > folder.PieceLength)
            {
                string limit = $"a result of {key.Result.Length} bytes is longer than the task's piece length of {folder.PieceLength}";
                download.Spoil(new Problem("too-long", limit));
            }
        }

        return download;
    }

    /// <summary>Ends a download and hands its content over. Empty results come without blocks.</summary>
    public FinishedContent Complete(ResultKey key)
    {
        FinishedContent content = Of(key).Complete();
        _downloads.Remove(key);
        return content;
    }

    /// <summary>Drops a download, if it is under way.</summary>
    public void Abandon(ResultKey key)
    {
        if (_downloads.Remove(key, out Download? download))
        {
            download.Dispose();
        }
    }

    /// <summary>Drops all of them.</summary>
    public void Dispose()
    {
        foreach (Download download in _downloads.Values)
        {
            download.Dispose();
        }

        _downloads.Clear();
    }
}
