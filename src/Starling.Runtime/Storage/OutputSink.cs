using System;
using System.Buffers;
using System.Collections.Generic;
using System.IO;
using Microsoft.Win32.SafeHandles;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Runtime.Engine;

namespace Starling.Runtime.Storage;

/// <summary>
/// Takes one run's output: in memory up to the inline threshold, then in a temporary file, hashed block by block as it comes. A failing
/// disk does not end the run: the result is still hashed, and the store refuses it when it is to be kept.
/// </summary>
internal sealed class OutputSink : IOutputSink
{
    private readonly string _path;
    private readonly int _maxLength;
    private readonly StoreFailPoint? _failPoint;
    private readonly Action<FinishedContent> _finish;
    private readonly List<Hash256> _leaves = [];
    private byte[]? _block;
    private int _blockLength;
    private int _written;
    private SafeFileHandle? _file;
    private Problem? _problem;
    private bool _ended;

    public OutputSink(string path, int maxLength, StoreFailPoint? failPoint, Action<FinishedContent> finish)
    {
        _path = path;
        _maxLength = maxLength;
        _failPoint = failPoint;
        _finish = finish;
    }

    private int Length => _written + _blockLength;

    /// <inheritdoc/>
    public bool TryWrite(ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        if (bytes.Length > _maxLength - Length)
        {
            return false;
        }

        while (!bytes.IsEmpty)
        {
            if (_blockLength == MerkleTree.BlockSize)
            {
                EndBlock(_block.AsSpan(0, MerkleTree.BlockSize));
                _blockLength = 0;
            }

            if (_blockLength == 0 && bytes.Length > MerkleTree.BlockSize)
            {
                // More follows, so these blocks are whole: no copy.
                int whole = (bytes.Length - 1) / MerkleTree.BlockSize * MerkleTree.BlockSize;
                EndBlock(bytes[..whole]);
                bytes = bytes[whole..];
                continue;
            }

            _block ??= ArrayPool<byte>.Shared.Rent(MerkleTree.BlockSize);
            int taken = Math.Min(bytes.Length, MerkleTree.BlockSize - _blockLength);
            bytes[..taken].CopyTo(_block.AsSpan(_blockLength));
            _blockLength += taken;
            bytes = bytes[taken..];
        }

        return true;
    }

    /// <inheritdoc/>
    public ResultId Complete()
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        ReadOnlySpan<byte> last = _block.AsSpan(0, _blockLength);
        FinishedContent content;
        if (_written == 0)
        {
            byte[] inline = last.ToArray();
            content = new FinishedContent(MerkleTree.ResultOf(inline), inline, null, null, null, null);
        }
        else
        {
            if (!last.IsEmpty)
            {
                EndBlock(last);
                _blockLength = 0;
            }

            Hash256[] leaves = [.. _leaves];
            content = new FinishedContent(
                new ResultId(_written, MerkleTree.Root(leaves)), default, _file, _file is null ? null : _path, leaves, _problem);
            _file = null;
        }

        Dispose();
        _finish(content);
        return content.Result;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ended = true;
        if (_block is not null)
        {
            ArrayPool<byte>.Shared.Return(_block);
            _block = null;
        }

        CloseFile();
    }

    private void EndBlock(ReadOnlySpan<byte> blocks)
    {
        for (int start = 0; start < blocks.Length; start += MerkleTree.BlockSize)
        {
            _leaves.Add(Hash256.Of(blocks.Slice(start, Math.Min(MerkleTree.BlockSize, blocks.Length - start))));
        }

        if (_problem is null)
        {
            try
            {
                _failPoint?.Invoke(StoreStep.WriteTemporary, _path);
                _file ??= TemporaryFile.Create(_path);
                RandomAccess.Write(_file, blocks, _written);
            }
            catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
            {
                _problem = StoreProblem.OfWrite(failure, Path.GetDirectoryName(_path)!, blocks.Length);
                CloseFile();
            }
        }

        _written += blocks.Length;
    }

    private void CloseFile()
    {
        if (_file is not null)
        {
            _file.Dispose();
            _file = null;
            TemporaryFile.Delete(_path);
        }
    }
}
