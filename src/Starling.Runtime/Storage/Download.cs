using System;
using System.IO;
using Microsoft.Win32.SafeHandles;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Runtime.Storage;

/// <summary>A result that comes in block by block: in memory up to the inline threshold, else in a sparse temporary file.</summary>
internal sealed class Download : IDisposable
{
    private readonly ResultId _result;
    private readonly string _path;
    private readonly StoreFailPoint? _failPoint;
    private readonly Hash256[] _leaves;
    private readonly bool[] _written;
    private readonly byte[]? _inline;
    private SafeFileHandle? _file;
    private int _missing;
    private Problem? _problem;

    public Download(ResultId result, string path, StoreFailPoint? failPoint)
    {
        _result = result;
        _path = path;
        _failPoint = failPoint;
        _missing = result.BlockCount;
        _leaves = new Hash256[_missing];
        _written = new bool[_missing];
        _inline = result.Length <= PieceStoreOptions.InlineThreshold ? new byte[result.Length] : null;
    }

    /// <summary>Puts one block in its place, whose hash is known from its check; failures are told by <see cref="Complete"/>.</summary>
    public void Write(int block, ReadOnlySpan<byte> data, Hash256 leaf)
    {
        if (_problem is not null)
        {
            return;
        }

        int offset = block * MerkleTree.BlockSize;
        if ((uint)block >= (uint)_leaves.Length || data.Length != Math.Min(MerkleTree.BlockSize, _result.Length - offset))
        {
            Spoil(new Problem("wrong-block", $"block {block} of {data.Length} bytes does not belong to a result of {_result.Length} bytes"));
            return;
        }

        try
        {
            if (_inline is not null)
            {
                data.CopyTo(_inline);
            }
            else
            {
                _failPoint?.Invoke(StoreStep.WriteTemporary, _path);
                _file ??= TemporaryFile.Create(_path);
                RandomAccess.Write(_file, data, offset);
            }
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            Spoil(StoreProblem.OfWrite(failure, Path.GetDirectoryName(_path)!, _result.Length));
            return;
        }

        _leaves[block] = leaf;
        if (!_written[block])
        {
            _written[block] = true;
            _missing--;
        }
    }

    /// <summary>Makes it fail with this problem; its space is given back at once.</summary>
    public void Spoil(Problem problem)
    {
        _problem ??= problem;
        Dispose();
    }

    /// <summary>Hands the content over. Its root is taken from the block hashes as they were written, the bytes are not read again.</summary>
    public FinishedContent Complete()
    {
        if (_problem is null && _missing > 0)
        {
            Spoil(new Problem("incomplete-download", $"{_missing} of {_leaves.Length} blocks were never written"));
        }
        else if (_problem is null && MerkleTree.Root(_leaves) != _result.Root)
        {
            Spoil(new Problem("wrong-root", $"the blocks do not have the root {_result.Root}", "It is fetched again from another peer."));
        }

        if (_problem is not null)
        {
            return new FinishedContent(_result, default, null, null, null, _problem);
        }

        SafeFileHandle? file = _file;
        _file = null;
        return new FinishedContent(_result, _inline, file, file is null ? null : _path, _inline is null ? _leaves : null, null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_file is not null)
        {
            _file.Dispose();
            _file = null;
            TemporaryFile.Delete(_path);
        }
    }
}
